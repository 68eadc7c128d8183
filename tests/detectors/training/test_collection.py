"""Training media is collected from git by a committed table, checked and without repeats."""

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from detectors.training.audio_bank import read_manifest
from detectors.training.collection import collect, propose, table
from detectors.training.collection.kinds import Missing
from detectors.training.collection.mirror import Clone, find
from detectors.training.collection.table import Entry, Repository
from tests.clones import mirror_of
from tests.sounds import music_like, speech_like

PAGE = "somebody/page"


def _wave(samples: np.ndarray, rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, "PCM_16", format="WAV")
    return file.getvalue()


FILES = {
    "wavs/gt/1.wav": _wave(speech_like(seed=1)),
    "wavs/gt/2.wav": _wave(speech_like(seed=2)),
    "wavs/newvoice/1.wav": _wave(speech_like(seed=3)),
    "wavs/newvoice/same again.wav": _wave(speech_like(seed=3) * 0.5),
    "wavs/newvoice/song.wav": _wave(music_like(seed=4)),
    "wavs/newvoice/broken.wav": b"RIFF" + bytes(9_000),
    "readme.md": b"A page.",
}


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A folder with one bare clone in it."""
    return mirror_of(FILES, PAGE, tmp_path)


def _clone(mirror: Path) -> Clone:
    clone = find(mirror, PAGE)
    assert clone is not None
    return clone


def _proposed(mirror: Path, rule: propose.Rule) -> list[Entry]:
    clone = _clone(mirror)
    return list(propose.proposed(rule, clone, clone.head(), "speech"))


@pytest.fixture
def tables(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """The tables of the one page, in place of the committed ones."""
    entries = _proposed(mirror, propose.Rule(PAGE))
    page = Repository(
        kind="speech",
        repository=PAGE,
        commit=_clone(mirror).head(),
        licence="none stated",
        era="modern",
        group=PAGE,
    )
    monkeypatch.setattr(collect, "REPOSITORIES", tmp_path / "repositories.csv")
    monkeypatch.setattr(collect, "files", lambda kind: tmp_path / f"{kind}.csv")
    table.write(tmp_path / "repositories.csv", Repository, [page])
    table.write(tmp_path / "speech.csv", Entry, entries)
    return entries


def test_folders_and_names_say_what_is_real_and_what_made_the_rest(mirror: Path) -> None:
    labels = {
        entry.path: (entry.label, entry.system) for entry in _proposed(mirror, propose.Rule(PAGE))
    }
    assert labels["wavs/gt/1.wav"] == ("bonafide", "human")
    assert labels["wavs/newvoice/1.wav"] == ("spoof", "newvoice")
    assert "readme.md" not in labels


@pytest.mark.parametrize(
    ("path", "real", "system"),
    [
        ("audio/ground_truth/3.wav", True, ""),
        ("demo/1/prompt_3.wav", True, ""),
        ("audio/gt mel vocoder/1.wav", False, "mel-vocoder"),
        ("samples/GroundTruth-Resynthesized/1.wav", False, "resynthesized"),
        ("audios/librispeech/1089-134686-0004_yourtts.wav", False, "yourtts"),
        ("wavs/proposed/1.wav", False, "page-proposed"),
        ("wavs/7/12.wav", False, "page"),
    ],
)
def test_words_that_mean_the_same_everywhere_are_understood(
    path: str, *, real: bool, system: str
) -> None:
    assert propose.Rule(PAGE).label(path) == (real, system)


def test_a_rule_overrides_what_names_seem_to_say() -> None:
    rule = propose.Rule(
        PAGE, skip=("/song",), real=("/speakers/",), systems={r"/T(\d+)/": r"team-\1"}
    )
    assert rule.label("wavs/song.wav") is None
    assert rule.label("wavs/speakers/9.wav") == (True, "")
    assert rule.label("wavs/T10/gt.wav") == (False, "team-10")


def test_equal_files_with_two_labels_are_left_out_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def entry(repository: str, label: str, digest: str) -> Entry:
        return Entry(repository=repository, path="1.wav", label=label, system="", sha256=digest)

    rows = [entry("a/a", "spoof", "1"), entry("b/b", "bonafide", "1"), entry("c/c", "spoof", "2")]
    assert list(propose.settled(rows)) == [rows[2]]
    assert "a/a" in capsys.readouterr().err


def test_what_is_kept_for_measuring_is_never_proposed(tmp_path: Path) -> None:
    digest = hashlib.sha256(FILES["wavs/gt/1.wav"]).hexdigest()
    (tmp_path / "never.txt").write_text(f"file {digest[:16]}\n")
    assert propose.digests(tmp_path / "never.txt") == {digest[:16]}


def test_clips_are_speech_once_each_and_what_is_missing_is_said(
    mirror: Path, tables: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--mirror", str(mirror), "--out", str(out), "--jobs", "1"]
    collect.main(arguments)
    said = capsys.readouterr().err
    recordings = read_manifest(out / "manifest.csv")
    assert [r.synthetic for r in recordings] == [False, False, True]
    assert all(r.paired and r.source == PAGE for r in recordings)
    for reason in (Missing.REPEAT, Missing.UNDECODABLE, Missing.NO_SPEECH):
        assert f"1 {reason}: {PAGE}" in said
    with (out / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            clip = out / row["path"]
            assert hashlib.sha256(clip.read_bytes()).hexdigest() == row["sha256"]
            assert soundfile.info(clip).samplerate == 16_000
            assert 1 <= float(row["seconds"]) <= 4.8
    before = (out / "manifest.csv").read_bytes()
    collect.main(arguments)
    assert (out / "manifest.csv").read_bytes() == before


def test_a_file_that_changed_is_not_taken(
    mirror: Path, tables: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = [
        Entry(repository=e.repository, path=e.path, label=e.label, system=e.system, sha256="0" * 64)
        for e in tables
    ]
    table.write(tmp_path / "speech.csv", Entry, changed)
    collect.main(["--mirror", str(mirror), "--out", str(tmp_path / "out"), "--jobs", "1"])
    assert f"{len(tables)} {Missing.DIGEST}" in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.flac"))


@pytest.mark.parametrize(
    ("kind", "labels", "made", "least"),
    [
        ("speech", {"human": "bonafide"}, {"spoof"}, 10_000),
        ("pictures", {"camera": "real", "hand": "real"}, {"ai_generated"}, 5_000),
        (
            "films",
            {"camera": "real"},
            {"ai_generated", "face_swap", "lip_sync", "reenactment"},
            2_000,
        ),
        ("faces", {"camera": "real"}, {"face_swap"}, 3_000),
    ],
)
def test_the_committed_tables_fit_each_other(
    kind: str, labels: dict[str, str], made: set[str], least: int
) -> None:
    lines = [r for r in table.read(table.REPOSITORIES, Repository) if r.kind == kind]
    entries = table.read(table.files(kind), Entry)
    assert len(entries) >= least
    assert {entry.repository for entry in entries} <= {line.repository for line in lines}
    assert len({entry.sha256 for entry in entries}) == len(entries)
    assert {entry.label for entry in entries} == {*labels.values(), *made}
    assert all(labels.get(e.system) == e.label for e in entries if e.label not in made)
    assert not any(e.system in labels for e in entries if e.label in made)
