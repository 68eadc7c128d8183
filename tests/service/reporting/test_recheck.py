"""A report made again: the same findings under the same pins, or what is no longer the same."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.result import Claim, Outcome, Reason
from provenance.declared import Watermark, WatermarkScheme
from service.arguments import pipeline_config
from service.cli.exit_codes import ExitCode
from service.cli.recheck import pinned
from service.reporting.recheck import compare
from service.reporting.report import NotChecked, Report, Verdict
from service.reporting.unasked import NOT_ASKED
from service.settings import Settings
from tests import media, signing
from tests.service.command_line import Ran, assay
from tests.service.reports import (
    IMAGE_DETECTOR,
    WHEN,
    likely_synthetic,
    match,
    report,
    scored,
    silent,
)

PHOTO = media.jpeg(media.photo_like(320, 240))
PROVENANCE = ("--only", "provenance")
REPORT = likely_synthetic()


def test_when_and_how_long_are_no_findings() -> None:
    later = REPORT.model_copy(update={"analysed_at": WHEN + timedelta(days=9), "seconds": 7.0})
    found = compare(REPORT, later)
    assert found.same
    assert found.pins == ()


def test_a_hairs_breadth_of_a_score_is_the_same_and_more_is_not() -> None:
    for step, same in ((1e-6, True), (0.1, False)):
        first = REPORT.findings[0]
        assert first.raw is not None
        moved = first.model_copy(update={"raw": first.raw + step})
        found = compare(
            REPORT, REPORT.model_copy(update={"findings": (moved, *REPORT.findings[1:])})
        )
        assert found.same is same
    assert [change.where for change in found.findings] == [f"findings[{IMAGE_DETECTOR}].raw"]


def test_scores_may_lie_apart_as_far_as_their_finding_says_arithmetic_moves_them() -> None:
    def moved(step: float, margin: float) -> Report:
        first = REPORT.findings[0]
        assert first.raw is not None
        assert first.lr is not None
        ratio = first.lr.model_copy(update={"log10": first.lr.log10 + 0.4 * step})
        update = {"raw": first.raw + step, "lr": ratio, "margin": margin}
        finding = first.model_copy(update=update)
        worded = REPORT.evidence[0].model_copy(update={"statement": f"about {step}"})
        asked = REPORT.questions[0].model_copy(update={"lr": ratio})
        return REPORT.model_copy(
            update={"findings": (finding,), "evidence": (worded,), "questions": (asked,)}
        )

    assert compare(moved(0.0, 0.25), moved(0.4, 0.25)).same
    assert not compare(moved(0.0, 0.0), moved(0.4, 0.0)).same
    beyond = compare(moved(0.0, 0.25), moved(0.6, 0.25))
    assert [c.where for c in beyond.findings] == [
        "questions[generated].lr.log10",
        f"findings[{IMAGE_DETECTOR}].raw",
        f"findings[{IMAGE_DETECTOR}].lr.log10",
    ]


def test_lengths_sizes_and_small_chances_are_findings() -> None:
    size = REPORT.subject.model_copy(update={"bytes": REPORT.subject.bytes + 1, "seconds": 500.0})
    found = compare(REPORT, REPORT.model_copy(update={"subject": size}))
    assert {change.where for change in found.findings} == {"subject.bytes", "subject.seconds"}
    mark = Watermark(
        name="SDXL",
        scheme=WatermarkScheme.DWT_DCT,
        generator="Stable Diffusion XL",
        matched=46,
        total=48,
        p_chance=1e-9,
    )
    marked, weaker = (
        REPORT.model_copy(update={"watermarks": (it,)})
        for it in (mark, mark.model_copy(update={"p_chance": 9e-4}))
    )
    assert [c.where for c in compare(marked, weaker).findings] == [
        "watermarks[SDXL, dwtDct].p_chance"
    ]


def test_the_limits_of_a_report_never_widen_those_of_the_operator() -> None:
    own = pipeline_config(Settings())
    asked = {"pixels": 1e15, "video_frames": 1e9, "frame_bytes": 1e15, "__class__": 1.0}
    assert pinned(own, asked) == own
    lower = pinned(own, {"pixels": 1000.0, "audio_seconds": float("nan"), "video_frames": 0.5})
    assert lower.limits.pixels == 1000
    assert lower.limits.audio_seconds == own.limits.audio_seconds
    assert lower.video_frames == 1


def test_what_it_was_made_with_is_told_apart_from_what_it_found() -> None:
    engine = REPORT.engine.model_copy(update={"version": "9.9", "trust_lists": {}})
    found = compare(REPORT, REPORT.model_copy(update={"engine": engine}))
    assert found.same
    assert {change.where.partition(".")[0] for change in found.pins} == {"version", "trust_lists"}
    verdict = compare(REPORT, REPORT.model_copy(update={"verdict": Verdict.INCONCLUSIVE}))
    assert [(c.where, c.after) for c in verdict.findings] == [("verdict", "inconclusive")]


def test_what_one_build_asks_and_another_does_not_is_a_condition_and_no_contradiction() -> None:
    edits = scored(-0.4, detector="image.edits", claim=Claim.LOCAL_EDIT)
    unread = NotChecked(what="other questions", reason=NOT_ASKED, statement="nobody asked")
    older = report(findings=(edits, *REPORT.findings))
    newer = REPORT.model_copy(update={"not_checked": (unread,)})
    found = compare(older, newer)
    assert found.same
    assert {change.where for change in found.pins} == {
        "findings[image.edits]",
        f"not_checked[other questions, {NOT_ASKED}]",
    }
    (again,) = [item for item in compare(newer, older).pins if item.where.startswith("findings")]
    assert again.before is None


def test_what_the_index_of_originals_holds_by_now_is_a_condition() -> None:
    one, other = match(), match()
    other = other.model_copy(
        update={"original": other.original.model_copy(update={"sha256": "cd" * 32})}
    )
    before = report(findings=REPORT.findings, matches=(one,))
    after = report(findings=REPORT.findings, matches=(other, one))
    for found in (compare(before, after), compare(after, before)):
        assert found.same
        assert [change.where for change in found.pins] == [f"matches[{'cd' * 32}]"]
    unlike = report(findings=REPORT.findings, matches=(match(similarity=0.8),))
    assert [change.where for change in compare(before, unlike).findings] == [
        f"matches[{'ab' * 32}].similarity"
    ]


def test_a_detector_that_judged_and_now_fails_is_a_difference() -> None:
    broken = silent(Outcome.FAILED, Reason.INTERNAL_ERROR)
    found = compare(REPORT, report(findings=(broken, *REPORT.findings[1:])))
    assert f"findings[{IMAGE_DETECTOR}].outcome" in {change.where for change in found.findings}
    assert "verdict" in {change.where for change in found.findings}
    nothing = compare(REPORT, report(findings=()))
    assert f"findings[{IMAGE_DETECTOR}]" in {change.where for change in nothing.findings}


def test_a_map_that_is_not_drawn_any_more_is_a_condition_and_another_map_is_a_difference() -> None:
    first = REPORT.findings[0]
    assert first.cells
    unmapped = first.model_copy(update={"cells": ()})
    found = compare(
        REPORT, REPORT.model_copy(update={"findings": (unmapped, *REPORT.findings[1:])})
    )
    assert found.same
    where = f"findings[{IMAGE_DETECTOR}].cells"
    assert [(c.where, c.before, c.after) for c in found.pins] == [(where, len(first.cells), 0)]
    cells = tuple(cell.model_copy(update={"log10_lr": 3.9}) for cell in first.cells)
    redrawn = first.model_copy(update={"cells": cells})
    assert not compare(
        REPORT, REPORT.model_copy(update={"findings": (redrawn, *REPORT.findings[1:])})
    ).same


def test_other_words_for_the_same_are_no_difference() -> None:
    found = compare(REPORT, REPORT.model_copy(update={"headline": "The same, said otherwise."}))
    assert found.same
    assert [change.where for change in found.pins] == ["headline"]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a signed photo, the root that vouches for it, and a report made with both."""
    authority = signing.Authority.create()
    (tmp_path / "root.pem").write_text(authority.root_pem)
    (tmp_path / "other.pem").write_text(signing.Authority.create("Another").root_pem)
    actions = [signing.action(source_type=signing.CAPTURED)]
    signed = signing.sign(PHOTO, authority.issue(), actions=actions).data
    (tmp_path / "photo.jpg").write_bytes(signed)
    _trust(tmp_path, "root.pem")
    ran = assay("check", *PROVENANCE, "--json", tmp_path / "photo.jpg", data=tmp_path)
    (tmp_path / "report.json").write_text(ran.out)
    assert Report.model_validate_json(ran.out).verdict is Verdict.VERIFIED_CAPTURE
    return tmp_path


def _trust(desk: Path, name: str) -> None:
    assert assay("trust", "add", desk / name, "--name", "desk", data=desk).code == 0


def _again(desk: Path) -> Ran:
    return assay("recheck", desk / "report.json", desk / "photo.jpg", data=desk)


def test_a_list_that_was_replaced_since_is_used_as_it_was(desk: Path) -> None:
    assert _again(desk).code == ExitCode.NOTHING_FOUND
    _trust(desk, "other.pem")
    assay("trust", "remove", "desk", data=desk)
    ran = _again(desk)
    assert ran.code == ExitCode.NOTHING_FOUND
    assert "The findings are the same" in ran.out


def test_a_list_that_is_gone_is_named_with_all_that_changes_for_it(desk: Path) -> None:
    assay("trust", "remove", "desk", data=desk)
    for path in (desk / "trust" / "replaced").iterdir():
        path.unlink()
    ran = _again(desk)
    assert ran.code == ExitCode.FOUND
    assert "trust list manifest/desk: not kept here" in ran.err
    said = " ".join(ran.out.split())
    assert "made under other conditions: trust_lists.manifest/desk" in said
    assert "provenance.signer.trust: trusted then, untrusted now" in said


def test_another_file_is_refused(desk: Path) -> None:
    with (desk / "photo.jpg").open("ab") as file:
        file.write(b"x")
    ran = _again(desk)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "[subject_differs]" in ran.err


def test_a_line_of_an_audit_is_made_again(desk: Path) -> None:
    out = desk / "audit.jsonl"
    (desk / "archive").mkdir()
    (desk / "photo.jpg").rename(desk / "archive" / "photo.jpg")
    assay("audit", desk / "archive", "--out", out, *PROVENANCE, data=desk)
    assert json.loads(out.read_text())["verdict"] == "verified_capture"
    ran = assay("recheck", out, desk / "archive" / "photo.jpg", "--line", "1", data=desk)
    assert ran.code == ExitCode.NOTHING_FOUND
