"""Who is left out is left out of everything, and is asked about by whole files."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from detectors.base import Kind
from detectors.bench.manifest import read_manifest
from detectors.bench.scores import Score, read_scores, write_scores
from detectors.training import unseen
from tests import media
from tests.media import speech_wav

SOURCES = [f"Owner{number % 20}/page-{number}" for number in range(40)]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "sha256", "source", "thumb"))
        for number, source in enumerate(SOURCES):
            name = source.replace("/", "+")
            (folder / name).mkdir()
            (folder / name / "a.png").touch()
            writer.writerow((f"{name}/a.png", str(number), source, ""))
    return folder / "manifest.csv"


def test_every_publisher_is_left_out_once_with_all_its_pages(
    manifest: Path, tmp_path: Path
) -> None:
    missing: list[str] = []
    for part in range(unseen.PARTS):
        out = tmp_path / str(part)
        unseen.learned(manifest, part, out)
        with (out / "manifest.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert all((out / row["path"]).exists() for row in rows)
        left = set(SOURCES) - {row["source"] for row in rows}
        assert not {unseen.publisher(s) for s in left} & {
            unseen.publisher(r["source"]) for r in rows
        }
        missing += left
    assert sorted(missing) == sorted(SOURCES)


def test_only_what_the_whole_training_takes_is_learned_from(manifest: Path, tmp_path: Path) -> None:
    unseen.learned(manifest, 0, tmp_path / "out", frozenset(map(str, range(30))))
    with (tmp_path / "out" / "manifest.csv").open(newline="") as file:
        assert {int(row["sha256"]) < 30 for row in csv.DictReader(file)} == {True}


def test_a_publisher_whom_another_kind_was_trained_on_is_not_asked_about() -> None:
    pictures = {"a/one": 2, "b/one": 2, "c/one": 1}
    speech = {"a/voices": 2, "B/voices": 3}
    assert unseen.unknown([pictures, speech], 2) == {"a/one", "a/voices"}
    assert unseen.unknown([pictures, speech], 3) == set()


def test_scores_of_whole_files_of_those_left_out_fix_no_threshold(tmp_path: Path) -> None:
    scores = [Score(path=f"{s}/x", label="real", raw=1.0, source=s) for s in SOURCES]
    write_scores(tmp_path / "image-clip.csv", scores)
    unseen.whole_files(tmp_path, 3, tmp_path / "others")
    kept = {score.source for score in read_scores(tmp_path / "others" / "image-clip.csv")}
    assert kept == {source for source in SOURCES if unseen.part_of(source) != 3}


def test_whole_files_are_written_once_and_of_one_kind(tmp_path: Path) -> None:
    def asked() -> Iterator[unseen.Asked]:
        photo = media.jpeg(media.photo_like(64, 48))
        for source, content in (
            ("a/b", photo),
            ("c/d", photo),
            ("e/f", speech_wav(1.0)),
        ):
            yield unseen.Asked(label="real", source=source, generator="", pair="", content=content)

    assert unseen.write(asked(), Kind.IMAGE, tmp_path / "asked") == 1
    (item,) = read_manifest(tmp_path / "asked" / "manifest.csv")
    assert (item.source, item.label, item.kind) == ("a/b", "real", Kind.IMAGE)
