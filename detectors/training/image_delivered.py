"""Measure corrected picture heads on whole files as published and as handed on, sources held out.

    python -m detectors.training.image_delivered --start FOLDER --earlier MANIFEST \\
        --manifest MANIFEST --cache FOLDER --mirror FOLDER --heads detectors/zoo --out FOLDER

Each picture is read from the clone it was collected from, decoded in the sandbox and judged by the
released detector with a head that saw none of its source; some of each source also after they were put
through complete files. What the encoder makes of a view is kept, so that other heads are measured in
seconds.
"""

import argparse
import csv
import hashlib
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits

from detectors.base import Image
from detectors.bench.launder import laundered
from detectors.bench.scores import CLEAN, Score, write_scores
from detectors.errors import MediaError
from detectors.image.clip import MARGIN, ClipDetector
from detectors.image.domain import Domain
from detectors.image.views import Pixels
from detectors.media.limits import Limits
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.training.collection.mirror import find
from detectors.training.delivered import answered
from detectors.training.domain import block_of
from detectors.training.image import installed
from detectors.training.image_data import Picture, pictures, spread
from detectors.training.image_features import cached
from detectors.training.image_further import (
    CONDITIONS,
    KINDS,
    MOST_OF_GENERATOR,
    MOST_OF_SOURCE,
    Earlier,
    of_folds,
)
from detectors.training.image_heads import Floats
from detectors.zoo.backbones import (
    CLIP_BLOCKS,
    CLIP_DISTRIBUTION,
    CLIP_FILE,
    ClipEncoder,
    TokenEncoder,
    summary,
)
from detectors.zoo.card import ModelCard

log = logging.getLogger(__name__)

MOST_SHOWN: Final = 12  # pictures of each class of a source, as published
MOST_HANDED_ON: Final = 3  # of them those that are also seen in every other delivery
MOST_SHOWN_OF_GENERATOR: Final = 90
DELIVERIES: Final = (CLEAN, "social", "messenger", "resize-0.5", "jpeg-70")


class KeptSummaries:
    """An encoder that knows what it made of views it saw before."""

    def __init__(self, encoder: TokenEncoder, store: sqlite3.Connection, blocks: int) -> None:
        """`blocks`: how many of the encoder's, from the lowest on."""
        self.blocks, self.width, self.grid = blocks, encoder.width, encoder.grid
        self._encoder = encoder
        self._store = store
        store.execute("CREATE TABLE IF NOT EXISTS views (view BLOB PRIMARY KEY, summary BLOB)")

    def tokens(self, view: Pixels) -> Floats:
        """As `TokenEncoder.tokens`, never kept."""
        return self._encoder.tokens(view)[: self.blocks]

    def summaries_of(self, views: Sequence[Pixels]) -> Floats:
        """As `Summarises.summaries_of`."""
        return np.stack([self._summary(view)[: self.blocks] for view in views])

    def _summary(self, view: Pixels) -> Floats:
        key = hashlib.sha256(view.tobytes()).digest()
        row = self._store.execute("SELECT summary FROM views WHERE view = ?", (key,)).fetchone()
        if row is None:
            found = summary(self._encoder.tokens(view)).astype(np.float32)
            with self._store:
                self._store.execute("INSERT INTO views VALUES (?, ?)", (key, found.tobytes()))
            return found
        return np.frombuffer(row[0], np.float32).reshape(self._encoder.blocks, 3, self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """Where a picture of the collection was published."""

    picture: Picture
    repository: str
    commit: str
    path: str
    digest: str  # of the whole file
    handed_on: bool = True  # to be seen in every delivery, not only as published

    def content(self, mirror: Path) -> bytes | None:
        """The whole file; None where the clone lacks it or has another."""
        clone = find(mirror, self.repository)
        if clone is None:
            return None
        ((_, content),) = clone.read(self.commit, [self.path])
        if content is None or hashlib.sha256(content).hexdigest() != self.digest:
            return None
        return content


def originals(manifest: Path, chosen: list[Picture]) -> list[Original]:
    """Of these pictures, in their order; the first `MOST_HANDED_ON` of a class of a source handed on."""
    with manifest.open(newline="") as file:
        rows = {row["sha256"]: row for row in csv.DictReader(file)}
    first = {one.key for one in spread(chosen, MOST_HANDED_ON, MOST_SHOWN_OF_GENERATOR)}
    return [
        Original(
            picture=picture,
            repository=rows[picture.digest]["path"].split("/")[0].replace("+", "/", 1),
            commit=rows[picture.digest]["commit"],
            path=rows[picture.digest]["source_path"],
            digest=rows[picture.digest]["source_sha256"],
            handed_on=picture.key in first,
        )
        for picture in chosen
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """One detector as released, but with a head for each source that saw none of it."""

    card: ModelCard
    encoder: KeptSummaries
    domain: Domain
    heads: Mapping[str, Mapping[str, Floats]]

    def score(self, picture: Picture, delivery: str, image: Image | None) -> Score:
        """What it makes of a picture that arrived like that; None: it could not be decoded."""
        points = self.card.operating_points
        judge = ClipDetector(
            self.encoder,
            self.heads[picture.source],
            self.domain,
            crops=self.card.number("crops"),
            maps=False,
            margin=MARGIN,
            suspects=None if points is None else points.fpr_5,
        )
        score = Score(
            path=f"{picture.source}/{picture.key}",
            label="ai_generated" if picture.synthetic else "real",
            raw=None,
            source=picture.source,
            generator=picture.generator,
            format=picture.source_format,
            pair=picture.pair,
            laundering=delivery,
        )
        return answered(score, image, judge.observe, self.card.calibration)


def scores(
    shown: list[Original], mirror: Path, judges: Sequence[Judges]
) -> Iterator[tuple[str, Score]]:
    """The name of a card and a score, of every picture, delivery and detector."""
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox, Limits())
        for number, one in enumerate(shown, start=1):
            content = one.content(mirror)
            if content is None:
                log.warning("%s of %s is not there", one.path, one.picture.source)
                continue
            deliveries = DELIVERIES if one.handed_on else DELIVERIES[:1]
            for delivery, image in _delivered(content, reader, deliveries):
                for judge in judges:
                    yield judge.card.name, judge.score(one.picture, delivery, image)
            log.info("%d of %d", number, len(shown))


def _delivered(
    content: bytes, reader: MediaReader, deliveries: Sequence[str]
) -> Iterator[tuple[str, Image | None]]:
    try:
        image = reader.image(BytesIO(content))
    except MediaError:
        yield CLEAN, None
        return
    for name in deliveries:
        file = BytesIO(content if name == CLEAN else laundered(name, image, BytesIO(content)))
        yield name, image if name == CLEAN else reader.image(file)


def main() -> None:
    """Make the heads of the folds, judge, write the scores for `assay bench --scores`."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.image_delivered")
    parser.add_argument("--start", type=Path, required=True, help="with weights/ and cards/")
    parser.add_argument("--earlier", type=Path, required=True, help="manifest START learned from")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--mirror", type=Path, required=True, help="clones of the repositories")
    parser.add_argument("--cache", type=Path, required=True, help="of image_further")
    parser.add_argument("--heads", type=Path, required=True, help="what image_further wrote")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    every = pictures(given.manifest)
    chosen = spread(every, MOST_OF_SOURCE, MOST_OF_GENERATOR)
    shown = originals(given.manifest, spread(chosen, MOST_SHOWN, MOST_SHOWN_OF_GENERATOR))
    encoder = ClipEncoder(lambda: installed(CLIP_DISTRIBUTION, CLIP_FILE))
    with (
        closing(sqlite3.connect(given.cache / "delivered.sqlite")) as store,
        threadpool_limits(1),
    ):
        judges = [
            _judges(name, chosen, KeptSummaries(encoder, store, blocks), given)
            for name, blocks in (("image-clip", len(CLIP_BLOCKS)), ("image-fast", 1))
        ]
        found: dict[str, list[Score]] = {judge.card.name: [] for judge in judges}
        for name, score in scores(shown, given.mirror, judges):
            found[name].append(score)
    for name, rows in found.items():
        write_scores(given.out / f"{name}.csv", rows)


def _judges(
    name: str, chosen: list[Picture], encoder: KeptSummaries, given: argparse.Namespace
) -> Judges:
    count = len(CLIP_BLOCKS)
    parts = {
        kind: [cached(chosen, f"{kind}.{one}", given.cache / "clip") for one in CONDITIONS]
        for kind in KINDS
    }
    earlier = Earlier.of(given.earlier, given.cache / "earlier")
    if encoder.blocks < count:
        parts = {
            kind: [block_of(rows, 0, count) for rows in views] for kind, views in parts.items()
        }
        earlier = earlier.block(0, count)
    before = load_file(given.start / "weights" / f"{name}-head.safetensors")
    return Judges(
        card=ModelCard.read(name, given.heads / "cards"),
        encoder=encoder,
        domain=Domain(load_file(given.heads / "weights" / f"{name}-domain.safetensors")),
        heads=of_folds(parts, before, chosen, earlier),
    )


if __name__ == "__main__":
    main()
