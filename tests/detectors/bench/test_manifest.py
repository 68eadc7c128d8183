"""Manifests of labelled media, whatever their columns are called."""

import hashlib
from pathlib import Path

import pytest

from detectors.bench.manifest import read_manifest
from detectors.errors import ManifestInvalid
from tests.media import jpeg, photo_like

PHOTO = jpeg(photo_like(64, 48))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    (tmp_path / "b.jpg").write_bytes(jpeg(photo_like(64, 48, seed=2)))
    (tmp_path / "c.jpg").write_text("not a photo at all")
    return tmp_path


def test_two_columns_are_enough(folder: Path) -> None:
    (folder / "m.csv").write_text("path,label\na.jpg,real\nb.jpg,spoof\n")
    first, second = read_manifest(folder / "m.csv")
    assert (first.name, first.label, first.source) == ("a.jpg", "real", "")
    assert first.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert second.label == "spoof"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("generator,source,source_format,pair", "flux,site,png,shop"),
        ("system,source,source_codec,paired_source", "flux,site,png,shop"),
        ("generator,source_repo,codec,pair", "flux,site,png,shop"),
    ],
)
def test_facts_are_found_under_any_of_their_names(folder: Path, header: str, cells: str) -> None:
    (folder / "m.csv").write_text(f"path,label,{header}\na.jpg,ai_generated,{cells}\n")
    (item,) = read_manifest(folder / "m.csv")
    assert (item.generator, item.source, item.format, item.pair) == ("flux", "site", "png", "shop")


def test_a_file_named_twice_is_measured_once(folder: Path) -> None:
    (folder / "m.csv").write_text("path,label\na.jpg,real\na.jpg,real\n")
    assert len(read_manifest(folder / "m.csv")) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,kind\na.jpg,real\n", "line 1: no column label"),
        ("path,label\na.jpg,real\nb.jpg,maybe\n", "line 3: unknown label 'maybe'"),
        ("path,label\na.jpg,real\nmissing.jpg,real\n", "line 3: .*No such file"),
        (f"path,label,sha256\na.jpg,real,{'0' * 64}\n", "line 2: a.jpg is not the file"),
        ("path,label\na.jpg,real,extra\n", "line 2: the number of cells"),
        ("path,label\nc.jpg,real\n", "line 2: c.jpg is no photo"),
        ("path,label\n", "no rows"),
    ],
)
def test_a_malformed_manifest_is_refused_with_its_line(
    folder: Path, text: str, complaint: str
) -> None:
    (folder / "m.csv").write_text(text)
    with pytest.raises(ManifestInvalid, match=complaint):
        read_manifest(folder / "m.csv")
