"""Measure the audio ensemble on whole recordings as published and as handed on, sources held out.

    python -m detectors.training.audio_delivered --manifest MANIFEST --cache FOLDER

Each recording goes through the sandboxed decoder, and its sound again as a file of each form, to experts
that saw nothing of its source; scales, fusion and thresholds are those of the cards. The cache is that
of `detectors.training.audio`, which must have run on the same manifests.
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

from detectors.audio.encoder import Encoder
from detectors.audio.ensemble import AudioEnsemble
from detectors.audio.experts import EncoderExpert, StatisticsExpert
from detectors.base import Audio, Judge, Kind, Observation
from detectors.bench.launder import RECORDINGS, recorded
from detectors.bench.result import RESULTS, at_points
from detectors.bench.run import Plan, decoded
from detectors.bench.scores import CLEAN, Score, write_scores
from detectors.errors import MediaError
from detectors.media.limits import Limits
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.registry import card_of, named
from detectors.training.audio import FOLDS, Models, fold_folder, folds
from detectors.training.audio_bank import Recording, chosen, few_of_each
from detectors.training.delivered import answered
from detectors.zoo.card import ModelCard
from detectors.zoo.threads import use_threads
from detectors.zoo.weights import verified

log = logging.getLogger(__name__)

MOST_HEARD: Final = 6  # recordings of one class of a source, those with the smallest digests
DELIVERIES: Final = ("voice-note", "g711")
SPEC: Final = named("audio.ensemble")
PROTOCOL: Final = (
    "python -m detectors.training.audio_delivered --most {most} --deliveries {deliveries}: whole "
    "recordings through the sandboxed decoder and the released ensemble by experts that heard nothing "
    "of their source"
)

Experts = Mapping[str, Judge]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """The ensemble as released, but with experts for each source that heard nothing of it."""

    card: ModelCard
    ensemble: AudioEnsemble
    experts: Mapping[str, Experts]

    def score(self, recording: Recording, delivery: str, sound: Audio | None) -> Score:
        """What it makes of a recording that arrived like that; None: it could not be decoded."""
        score = Score(
            path=recording.path,
            label="spoof" if recording.synthetic else "bonafide",
            raw=None,
            source=recording.source,
            generator=recording.system,
            pair=recording.source if recording.paired else "",
            laundering=delivery,
        )
        experts = self.experts[recording.source]
        return answered(score, sound, partial(self._observe, experts), self.card.calibration)

    def _observe(self, experts: Experts, sound: Audio) -> Observation:
        return self.ensemble.combine({name: one.observe(sound) for name, one in experts.items()})


def heard(recordings: Sequence[Recording], most: int) -> list[Recording]:
    """At most `most` recordings of each class of a source."""
    return few_of_each(recordings, lambda one: (one.source, one.synthetic), lambda _: most)


def experts_of(models: Models, encoder: Encoder) -> Experts:
    """The experts that the ensemble fuses, on the scales of their cards."""
    statistics, embedded = (named(name) for name in SPEC.fuses)
    return {
        statistics.name: StatisticsExpert.of(
            card_of(statistics), models.forest, models.narrow_forest, models.conditions
        ),
        embedded.name: EncoderExpert.of(
            card_of(embedded), encoder, models.heads, models.narrow_heads
        ),
    }


def scores(
    recordings: Sequence[Recording],
    judges: Judges,
    reader: MediaReader,
    deliveries: Sequence[str],
) -> Iterator[Score]:
    """One of every recording as published and after each delivery."""
    for number, recording in enumerate(recordings, start=1):
        published = _decoded(recording.file.read_bytes(), reader)
        yield judges.score(recording, CLEAN, published)
        for delivery in deliveries:
            sound = published and _decoded(recorded(published, RECORDINGS[delivery]), reader)
            yield judges.score(recording, delivery, sound)
        if number % 100 == 0:
            log.info("%d of %d", number, len(recordings))


def _decoded(data: bytes, reader: MediaReader) -> Audio | None:
    try:
        sound = decoded(BytesIO(data), Kind.AUDIO, reader, Plan(limits=Limits(), video_frames=1))
    except MediaError as error:
        log.warning("a recording was not decoded: %s", error)
        return None
    return sound if isinstance(sound, Audio) else None


@dataclass(frozen=True, slots=True)
class Share:
    """Recordings of one fold, where its models lie, and how they are handed on."""

    recordings: tuple[Recording, ...]
    folder: Path
    deliveries: tuple[str, ...]


def judged(share: Share) -> list[Score]:
    """Scores of one fold's recordings; runs in a process of its own."""
    use_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    encoder = Encoder.load(verified(card_of(named(SPEC.fuses[1])), 1))
    experts = experts_of(Models.load(share.folder), encoder)
    card = card_of(SPEC)
    judges = Judges(
        card=card,
        ensemble=AudioEnsemble.from_card(card),
        experts={recording.source: experts for recording in share.recordings},
    )
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox)
        return list(scores(share.recordings, judges, reader, share.deliveries))


def main() -> None:
    """Judge every fold by its models, write scores and results."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.audio_delivered")
    parser.add_argument("--manifest", type=Path, nargs="+", required=True)
    parser.add_argument("--cache", type=Path, required=True, help="of detectors.training.audio")
    parser.add_argument("--deliveries", nargs="*", default=DELIVERIES, choices=tuple(RECORDINGS))
    parser.add_argument("--most", type=int, default=MOST_HEARD, help="of a class of a source")
    parser.add_argument("--results", type=Path, default=RESULTS / "files")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    recordings = chosen(given.manifest)
    fold = {one.source: own for one, own in zip(recordings, folds(recordings), strict=True)}
    shown = heard(recordings, given.most)
    shares = [
        Share(
            tuple(one for one in shown if fold[one.source] == number),
            fold_folder(given.cache, number, recordings),
            tuple(given.deliveries),
        )
        for number in range(FOLDS)
    ]
    with ProcessPoolExecutor(given.jobs) as pool:
        found = [score for part in pool.map(judged, shares) for score in part]
    write_scores(given.cache / f"{SPEC.name}.delivered.csv", found)
    clean = [score for score in found if score.laundering == CLEAN]
    result = at_points(
        found,
        SPEC,
        card_of(SPEC).operating_points,
        protocol=PROTOCOL.format(most=given.most, deliveries=" ".join(given.deliveries)),
        data=f"{len(clean)} recordings of {len({score.source for score in clean})} sources",
    )
    result.write(given.results / f"{SPEC.name}.json")


if __name__ == "__main__":
    main()
