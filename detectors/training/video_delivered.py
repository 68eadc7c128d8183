"""Measure the head for frames of films on whole files as published and as handed on, sources held out.

    python -m detectors.training.video_delivered --manifest MANIFEST --cache FOLDER

Each film goes through encoders, the sandboxed decoder and the released detector with a head that saw
no film of its source. The cache is that of `detectors.training.video_head`; what the encoder makes of a
view is kept in it too, so that other heads are measured in minutes.
"""

import argparse
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, cast

import av
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits

from detectors.base import Kind, Video
from detectors.bench.launder import FILMS, encoded
from detectors.bench.manifest import Item, read_manifest
from detectors.bench.result import RESULTS, at_points
from detectors.bench.run import Plan, decoded
from detectors.bench.scores import CLEAN, Score, write_scores
from detectors.errors import MediaError
from detectors.image.clip import MARGIN, ClipDetector
from detectors.image.domain import Domain
from detectors.media.limits import Limits
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.registry import card_of, named
from detectors.training import video_head
from detectors.training.delivered import answered
from detectors.training.image_delivered import KeptSummaries
from detectors.training.video import DECODED, described
from detectors.training.video_head import SPEC, Head
from detectors.video.frames import INSERTS, FramesDetector
from detectors.video.inserts import InsertRule
from detectors.zoo.card import ModelCard
from detectors.zoo.encoders import clip_encoder
from detectors.zoo.threads import use_threads
from detectors.zoo.weights import verified

log = logging.getLogger(__name__)

MOST_SHOWN: Final = 2  # films of one class of a source, those with the smallest digests
DELIVERIES: Final = ("messenger", "reupload-480p", "h265", "vp9")
SECONDS: Final = 8.0
"""Of a film that are handed on, so that one long film does not cost as much as twenty."""

PROTOCOL: Final = (
    "python -m detectors.training.video_delivered --most {most} --deliveries {deliveries}: whole files "
    "through the sandboxed decoder and the released detector by heads that saw no film of their source; "
    f"deliveries hold the first {SECONDS:.0f} s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """The detector as released, but with a head for each source that saw none of its films."""

    card: ModelCard
    judge: ClipDetector
    heads: Mapping[str, Head]

    def score(self, item: Item, delivery: str, film: Video | None) -> Score:
        """What it makes of a film that arrived like that; None: it could not be decoded."""
        judge = FramesDetector(
            self.judge.retrained(self.heads[item.source]),
            self.card.number("frames"),
            InsertRule(*cast(list[float], self.card.settings[INSERTS])),
        )
        score = Score(
            path=item.name,
            label=item.label,
            raw=None,
            source=item.source,
            generator=item.generator,
            format=item.format,
            pair=item.pair,
            laundering=delivery,
        )
        return answered(score, film, judge.observe, self.card.calibration)


def shown(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` films of each class of a source, the first of each before the second."""
    counts: Counter[tuple[str, str]] = Counter()
    turns: list[list[Item]] = [[] for _ in range(most)]
    for item in sorted(items, key=lambda item: item.sha256):
        turn = counts[item.source, item.label]
        counts[item.source, item.label] += 1
        if turn < most:
            turns[turn].append(item)
    return [item for turn in turns for item in turn]


def scores(
    items: Sequence[Item], judges: Judges, reader: MediaReader, deliveries: Sequence[str]
) -> Iterator[Score]:
    """One of every film as published and after each delivery."""
    for number, item in enumerate(items, start=1):
        with item.file.open("rb") as file:
            for delivery in (CLEAN, *deliveries):
                yield judges.score(item, delivery, _delivered(file, delivery, reader))
        log.info("%d of %d", number, len(items))


def _delivered(file: BinaryIO, delivery: str, reader: MediaReader) -> Video | None:
    plan = Plan(limits=Limits(), video_frames=DECODED)
    try:
        if delivery != CLEAN:
            file = BytesIO(encoded(file, FILMS[delivery], seconds=SECONDS))
        film = decoded(file, Kind.VIDEO, reader, plan)
    except (MediaError, av.FFmpegError) as error:
        log.warning("%s: %s", delivery, error)
        return None
    return film if isinstance(film, Video) else None


def main() -> None:
    """Fit the heads of the folds, judge, write scores and results."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.video_delivered")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="of video_head")
    parser.add_argument("--deliveries", nargs="*", default=DELIVERIES, choices=DELIVERIES)
    parser.add_argument("--most", type=int, default=MOST_SHOWN, help="films of a class of a source")
    parser.add_argument("--results", type=Path, default=RESULTS / "files")
    given = parser.parse_args()
    use_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    pictures, card = card_of(named(SPEC.needs[0])), card_of(SPEC)
    before, domain = (load_file(verified(pictures, number)) for number in (1, 2))
    items = video_head.chosen(read_manifest(given.manifest))
    blocks = pictures.whole_numbers("blocks")
    with (
        closing(sqlite3.connect(given.cache / "delivered.sqlite")) as store,
        Sandbox(handler=HANDLER) as sandbox,
        threadpool_limits(1),
    ):
        store.execute("PRAGMA synchronous = OFF")  # what is lost is computed anew
        encoder = KeptSummaries(
            clip_encoder(lambda: verified(pictures, 0), blocks), store, len(blocks)
        )
        heads = video_head.of_folds(video_head.clips_of(items, given.cache), before)
        judge = ClipDetector(encoder, before, Domain(domain), maps=False, margin=MARGIN)
        judges = Judges(card=card, judge=judge, heads=heads)
        known = [item for item in items if item.source in heads]
        reader = MediaReader(sandbox)
        found = list(scores(shown(known, given.most), judges, reader, given.deliveries))
    write_scores(given.cache / f"{SPEC.name}.delivered.csv", found)
    result = at_points(
        found,
        SPEC,
        card.operating_points,
        protocol=PROTOCOL.format(most=given.most, deliveries=" ".join(given.deliveries)),
        data=described(SPEC.claim, found),
    )
    result.write(given.results / f"{SPEC.name}.json")


if __name__ == "__main__":
    main()
