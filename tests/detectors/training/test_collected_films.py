"""Films for training are collected byte for byte, each once, with what trainings ask for."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.bench.manifest import read_manifest
from detectors.bench.scores import claims
from detectors.result import Claim
from detectors.training.collection import collect, propose, table
from detectors.training.collection.kinds import Missing
from detectors.training.collection.mirror import find
from detectors.training.collection.table import Entry, Repository
from tests.clones import mirror_of
from tests.media import RGB
from tests.tracks import Pictures, muxed

SITE = "somebody/films"
RULE = propose.Rule(SITE, real=("original",), everything="newmaker")


def _scenes(seed: int, width: int, height: int, frames: int = 24) -> list[RGB]:
    """Soft shapes that move to the left."""
    shapes = np.random.default_rng(seed).uniform(0, 255, (6, 12, 3))
    soft = cv2.resize(shapes, (2 * width, height), interpolation=cv2.INTER_CUBIC)
    wide = np.asarray(np.clip(soft, 0, 255), np.uint8)
    return [wide[:, n * 4 : n * 4 + width] for n in range(frames)]


def _film(frames: list[RGB]) -> bytes:
    return muxed("mp4", Pictures(frames=frames))


def _smaller(frames: list[RGB]) -> list[RGB]:
    small = (cv2.resize(frame, (240, 150), interpolation=cv2.INTER_AREA) for frame in frames)
    return [np.asarray(frame, np.uint8) for frame in small]


FILES = {
    "boat/original.mp4": _film(_scenes(1, 256, 160)),
    "boat/smaller/original.mp4": _film(_smaller(_scenes(1, 256, 160))),
    "boat/newmaker.mp4": _film(_scenes(2, 256, 160)),
    "boat/strip.mp4": _film(_scenes(3, 640, 160)),
    "boat/moment.mp4": _film(_scenes(4, 256, 160, frames=6)),
    "boat/broken.mp4": _film(_scenes(5, 256, 160))[:900],
    "boat/preview.gif": b"GIF89a" + bytes(30_000),
}


def test_each_film_is_kept_once_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = mirror_of(FILES, SITE, tmp_path)
    clone = find(mirror, SITE)
    assert clone is not None
    monkeypatch.setattr(collect, "REPOSITORIES", tmp_path / "repositories.csv")
    monkeypatch.setattr(collect, "files", lambda kind: tmp_path / f"{kind}.csv")
    monkeypatch.setitem(propose.SMALLEST, "films", 500)
    table.write(tmp_path / "repositories.csv", Repository, [RULE.line("films", clone.head())])
    entries = propose.proposed(RULE, clone, clone.head(), "films")
    table.write(tmp_path / "films.csv", Entry, entries)
    out = tmp_path / "out"
    arguments = ["--kind", "films", "--mirror", str(mirror), "--out", str(out), "--jobs", "1"]
    collect.main(arguments)
    said = capsys.readouterr().err
    with (out / "manifest.csv").open() as file:
        rows = {row["source_path"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"boat/original.mp4", "boat/newmaker.mp4"}
    assert f"1 {Missing.REPEAT}: {SITE}" in said
    assert f"2 {Missing.NO_FILM}: {SITE}" in said
    assert f"1 {Missing.UNDECODABLE}: {SITE}" in said
    for path, row in rows.items():
        assert (out / row["path"]).read_bytes() == FILES[path]
        assert (row["width"], row["height"], row["fps"], row["codec"]) == (
            "256", "160", "24.000", "h264",
        )  # fmt: skip
    made, real = read_manifest(out / "manifest.csv")
    assert (real.label, made.label, made.generator) == ("real", "ai_generated", "newmaker")
    assert real.source == made.source == real.pair == SITE


def test_what_a_page_makes_has_the_label_that_its_rule_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = find(mirror_of(FILES, SITE, tmp_path), SITE)
    assert clone is not None
    monkeypatch.setitem(propose.SMALLEST, "films", 500)
    rule = replace(RULE, made_as="face_swap", only=("boat/(original|newmaker)",))
    found = [(e.label, e.system) for e in propose.proposed(rule, clone, clone.head(), "films")]
    assert found == [("face_swap", "newmaker"), ("real", "camera")]


def test_a_portrait_set_in_motion_is_a_generated_film_and_no_swap() -> None:
    assert claims(Claim.GENERATED, "reenactment") is True
    assert claims(Claim.FACE_SWAP, "reenactment") is None


def test_a_generated_film_among_examples_from_cameras_is_called_what_it_is() -> None:
    """Its page shows it without saying so; it once taught the head that such films are real."""
    lines = table.read(table.files("films"), Entry)
    found = {
        (one.label, one.system) for one in lines if Path(one.path).name == "Tokyo-Walk_rgb.mp4"
    }
    assert found == {("ai_generated", "sora")}
