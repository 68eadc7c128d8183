"""Faces for training are collected byte for byte, a swap with the owner of the face under it."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

from detectors.training.collection import collect, table
from detectors.training.collection.kinds import Missing
from detectors.training.collection.mirror import find
from detectors.training.collection.table import Entry, Repository
from tests.clones import mirror_of
from tests.faces import face_like
from tests.media import jpeg

SITE = "somebody/faces"
FACE = face_like()
FILES = {
    "faces/film.jpg": jpeg(FACE),
    "faces/swap.jpg": jpeg(np.asarray(FACE // 8 * 8, np.uint8)),
    "faces/small.jpg": jpeg(FACE[:40, :40]),
    "faces/broken.jpg": jpeg(FACE)[:300],
}


def test_a_swap_is_kept_beside_the_face_that_it_looks_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = mirror_of(FILES, SITE, tmp_path)
    clone = find(mirror, SITE)
    assert clone is not None
    monkeypatch.setattr(collect, "REPOSITORIES", tmp_path / "repositories.csv")
    monkeypatch.setattr(collect, "files", lambda kind: tmp_path / f"{kind}.csv")
    site = Repository(
        kind="faces", repository=SITE, commit=clone.head(), licence="MIT", era="modern", group=SITE
    )
    table.write(tmp_path / "repositories.csv", Repository, [site])
    entries = [
        Entry(
            repository=SITE,
            path=path,
            label="real" if path == "faces/film.jpg" else "face_swap",
            system="camera" if path == "faces/film.jpg" else "swapper/film",
            sha256=hashlib.sha256(content).hexdigest(),
        )
        for path, content in FILES.items()
    ]
    table.write(tmp_path / "faces.csv", Entry, entries)
    out = tmp_path / "out"
    collect.main(["--kind", "faces", "--mirror", str(mirror), "--out", str(out), "--jobs", "1"])
    said = capsys.readouterr().err
    with (out / "manifest.csv").open() as file:
        rows = {row["source_path"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"faces/film.jpg", "faces/swap.jpg"}
    assert f"1 {Missing.NO_PICTURE}: {SITE}" in said
    assert f"1 {Missing.UNDECODABLE}: {SITE}" in said
    assert {row["owner"] for row in rows.values()} == {"film"}
    assert {row["generator"] for row in rows.values()} == {"", "swapper"}
    for path, row in rows.items():
        assert (out / row["path"]).read_bytes() == FILES[path]
        assert row["sha256"] == hashlib.sha256(FILES[path]).hexdigest()
