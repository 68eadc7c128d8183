"""Whole files of the collection, delivered in several ways and judged without their own source."""

import hashlib
import sqlite3
from pathlib import Path

import numpy as np

from detectors.image.domain import Domain
from detectors.image.views import SIDE, Pixels
from detectors.registry import card_of, named
from detectors.training.collection.mirror import find
from detectors.training.image_data import Picture
from detectors.training.image_delivered import (
    DELIVERIES,
    Judges,
    KeptSummaries,
    Original,
    scores,
)
from detectors.zoo.backbones import CLIP_WIDTH, Floats
from tests import media
from tests.clones import mirror_of

SITE = "somebody/site"


class Brightness:
    """Every number of every token is the brightness of the view; counts what it is asked."""

    blocks, width, grid = 2, CLIP_WIDTH, 14

    def __init__(self) -> None:
        self.views = 0

    def tokens(self, view: Pixels) -> Floats:
        self.views += 1
        return np.full((2, 197, CLIP_WIDTH), view.mean(), np.float32)


def head(weight: float) -> dict[str, Floats]:
    """Reads the brightness of the whole picture alone, in its first block."""
    whole = np.zeros((2, 3, CLIP_WIDTH), np.float32)
    whole[0, 0, 0] = weight
    return {"whole": whole, "crop": np.zeros_like(whole), "bias": np.array(0, np.float32)}


def domain() -> Domain:
    """Takes everything for a photograph."""
    nothing, never = np.zeros(3 * CLIP_WIDTH, np.float32), np.array(-1, np.float32)
    return Domain({"whole": nothing, "bias": never, "pages": nothing, "pages_bias": never})


def test_a_view_is_encoded_once_and_the_lower_block_comes_with_it() -> None:
    encoder, store = Brightness(), sqlite3.connect(":memory:")
    both, lower = (KeptSummaries(encoder, store, blocks) for blocks in (2, 1))
    view = np.full((SIDE, SIDE, 3), 9, np.uint8)
    first = both.summaries_of([view, view])
    again = lower.summaries_of([view])
    assert encoder.views == 1
    assert (first.shape, again.shape) == ((2, 2, 3, CLIP_WIDTH), (1, 1, 3, CLIP_WIDTH))
    assert np.array_equal(first[0, :1], again[0])
    assert first[0, 0, 0, 0] == 9


def test_a_published_file_is_judged_in_every_delivery_by_the_head_of_its_source(
    tmp_path: Path,
) -> None:
    content = media.jpeg(media.photo_like(900, 700))
    mirror = mirror_of({"a.jpg": content}, SITE, tmp_path)
    clone = find(mirror, SITE)
    assert clone is not None
    own, other = (
        Original(
            picture=_picture(source),
            repository=SITE,
            commit=clone.head(),
            path="a.jpg",
            digest=hashlib.sha256(content).hexdigest(),
        )
        for source in ("own", "other")
    )
    judge = Judges(
        card=card_of(named("image.clip")),
        encoder=KeptSummaries(Brightness(), sqlite3.connect(":memory:"), 2),
        domain=domain(),
        heads={"own": head(1), "other": head(-1)},
    )
    found = [score for _, score in scores([own, other], mirror, [judge])]
    assert [score.laundering for score in found] == [*DELIVERIES, *DELIVERIES]
    ours, theirs = found[: len(DELIVERIES)], found[len(DELIVERIES) :]
    for one, opposite in zip(ours, theirs, strict=True):
        assert one.raw is not None
        assert opposite.raw == -one.raw != 0


def _picture(source: str) -> Picture:
    return Picture(
        file=Path("a.png"),
        thumbnail=None,
        synthetic=False,
        generator="",
        source=source,
        pair="",
        source_format="jpg",
        digest=hashlib.sha256(source.encode()).hexdigest(),
        photoreal=False,
        face_crop=False,
    )
