"""Agreement with the reference verifier on real files, where the collection is at hand."""

import io
import tomllib
from pathlib import Path

import pytest

from provenance.conformance import CONFIGURATIONS, REASONS, Difference, main, normal, reason_for
from provenance.read import Reader
from provenance.result import Integrity

COLLECTION = Path(__file__).parents[3] / "shared" / "data" / "c2pa"

needs_collection = pytest.mark.skipif(
    not COLLECTION.is_dir(), reason="the collection of signed files is not on this machine"
)


@needs_collection
def test_every_difference_from_the_reference_verifier_is_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = str(COLLECTION / "fixtures" / "manifest.csv")
    assert main([manifest, "--trust", str(COLLECTION / "trust")]) == 0, capsys.readouterr().out
    assert "0 unexplained" in capsys.readouterr().out


@needs_collection
def test_markers_are_found_wherever_they_are_and_nowhere_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = str(COLLECTION / "signals" / "manifest.csv")
    assert main([manifest]) == 0, capsys.readouterr().out


@needs_collection
def test_the_rubrics_own_evaluator_finds_the_same_signals_in_every_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = str(COLLECTION / "fixtures" / "manifest.csv")
    oracle = str(COLLECTION / "signals_oracle.csv")
    assert main([manifest, "--oracle", oracle]) == 0, capsys.readouterr().out


def test_a_reason_covers_only_what_it_names() -> None:
    reasons = [{"files": ["a.jpg"], "columns": ["state_no_trust"], "ours": "Valid", "why": "so"}]
    known = Difference("a.jpg", "state_no_trust", "Invalid", "Valid")
    assert reason_for(known, reasons) == "so"
    for other in (
        known._replace(path="b.jpg"),
        known._replace(column="state_test_anchors"),
        known._replace(ours="Trusted"),
    ):
        assert reason_for(other, reasons) == ""


def test_the_table_of_reasons_is_well_formed() -> None:
    for entry in tomllib.loads(REASONS.read_text(encoding="utf-8"))["difference"]:
        assert entry["why"].endswith(".")
        assert entry["files"]
        assert set(entry.get("columns", [])) <= CONFIGURATIONS.keys()
        assert set(entry) <= {"why", "files", "columns", "theirs", "ours"}


@pytest.mark.parametrize(
    ("recorded", "state"),
    [
        ("Valid", "Valid"),
        ("_C2paManifestNotFound: ManifestNotFound: no JUMBF data found", "none"),
        ("C2paError: Remote: must fetch remote manifests from url http://x", "remote"),
        ("_C2paNotSupported: NotSupported: type is unsupported", "unsupported"),
        ("_C2paOther: Other: unknown algorithm", "error"),
    ],
)
def test_exceptions_on_record_are_put_in_one_word(recorded: str, state: str) -> None:
    assert normal(recorded) == state


@needs_collection
def test_a_fragmented_video_is_judged_with_its_fragments() -> None:
    folder = COLLECTION / "fixtures"
    first, part = ((folder / name).read_bytes() for name in ("rs__dashinit.mp4", "rs__dash1.m4s"))
    damaged = part[:-100] + bytes(100)
    expected = {
        (part,): Integrity.INTACT,
        (part, part): Integrity.INTACT,
        (damaged,): Integrity.ASSET_MISMATCH,
        (damaged, part): Integrity.ASSET_MISMATCH,  # the library forgets the first one
        (): Integrity.NOT_CHECKED,
    }
    for fragments, integrity in expected.items():
        found = Reader().read(
            io.BytesIO(first),
            media_type="video/mp4",
            fragments=[io.BytesIO(fragment) for fragment in fragments],
        )
        assert found.integrity is integrity
