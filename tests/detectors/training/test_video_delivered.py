"""Whole films, handed on by encoders and judged without their own source."""

import hashlib
from pathlib import Path

import pytest

from detectors.base import Kind
from detectors.bench.manifest import Item
from detectors.image.clip import ClipDetector
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.registry import card_of
from detectors.training.video_delivered import Judges, scores, shown
from detectors.training.video_head import SPEC
from tests.detectors.training.test_image_delivered import Brightness, domain, head
from tests.media import video_bytes


def item(path: Path, source: str) -> Item:
    return Item(
        file=path,
        name=f"{source}/{path.name}",
        kind=Kind.VIDEO,
        label="real",
        sha256=hashlib.sha256(source.encode() + path.name.encode()).hexdigest(),
        source=source,
        generator="",
        format="mp4",
        pair="",
    )


def test_of_each_class_of_a_source_a_few_films_are_shown(tmp_path: Path) -> None:
    items = [item(tmp_path / f"{number}.mp4", "site") for number in range(5)]
    other = item(tmp_path / "0.mp4", "other")
    found = shown([*items, other], 2)
    assert [one.source for one in found[2:]] == ["site"]
    assert {one.source for one in found[:2]} == {"site", "other"}


def test_a_film_is_judged_in_every_delivery_by_the_head_of_its_source(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(video_bytes(seconds=2.0, real=True))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    empty = head(0)
    judges = Judges(
        card=card_of(SPEC),
        judge=ClipDetector(Brightness(), empty, domain(), maps=False),
        heads={"own": head(1), "other": head(-1)},
    )
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox)
        films = [item(path, "own"), item(path, "other"), item(broken, "own")]
        found = list(scores(films, judges, reader, ["messenger"]))
    assert [score.laundering for score in found] == ["none", "messenger"] * 3
    assert [score.reason for score in found[4:]] == ["undecodable"] * 2
    for one, opposite in zip(found[:2], found[2:4], strict=True):
        assert one.raw is not None
        assert opposite.raw == pytest.approx(-one.raw, rel=0.01)
        assert one.raw > 1
    assert all(score.log10_lr is not None for score in found[:4])
