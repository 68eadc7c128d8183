import re
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from detectors.base import Kind
from detectors.result import Segment
from service.cli.terminal import render, strongest
from service.cli.timeline import lines, row
from service.reporting.report import Report
from service.reporting.wording import RANKS, VERDICTS
from tests.service import reports

EVERY_VERDICT = (
    reports.verified_capture,
    reports.verified_ai,
    reports.credentials_broken,
    reports.declared_ai,
    reports.likely_synthetic,
    reports.likely_manipulated,
    reports.no_sign_found,
    reports.inconclusive,
    reports.not_applicable,
)


def _shown(report: Report, width: int = 120) -> str:
    out = StringIO()
    Console(file=out, width=width, markup=False, highlight=False, emoji=False).print(render(report))
    return " ".join(out.getvalue().replace("│", " ").split())


@pytest.mark.parametrize("make", EVERY_VERDICT)
def test_a_report_says_its_verdict_basis_evidence_and_gaps(make: Callable[[], Report]) -> None:
    report = make()
    shown = _shown(report)
    assert VERDICTS[report.verdict] in shown
    assert report.headline in shown
    assert report.subject.sha256 in shown
    assert shown.count("decided") == len(report.basis)
    for item in report.evidence:
        assert item.statement[:24] in shown
    for gap in report.not_checked:
        assert gap.statement[:24] in shown


def test_traces_are_shown_with_their_weight_and_a_harmless_cause() -> None:
    shown = _shown(reports.traced())
    assert "Metadata that does not fit" in shown
    assert "which is in the future. This counts for little" in shown
    assert "6000" in shown
    assert "Common cause: websites, messengers" in shown
    assert shown.count("which is in the future") == 1


def test_a_mark_in_sound_is_shown_with_what_it_is_worth() -> None:
    shown = _shown(reports.heard())
    assert "3 of 4 stretches of the sound seem to carry the mark of a generator" in shown
    assert "Up to 0.9 % of unmarked recordings may look the same" in shown


def test_what_was_asked_for_without_a_vote_is_shown_as_such() -> None:
    shown = " ".join(_shown(reports.thorough()).split())
    assert "Asked for, without a vote" in shown
    assert "17% of the picture is unlike the rest. That decides nothing" in shown
    assert "without a vote" not in _shown(reports.no_sign_found())


def test_conflicts_are_shown_with_what_they_are_between() -> None:
    report = reports.conflicted_capture()
    assert report.conflicts
    shown = _shown(report)
    kinds = {item.id: RANKS[item.rank] for item in report.evidence}
    for conflict in report.conflicts:
        assert " against ".join(kinds[name] for name in conflict.between) in shown


def test_text_from_a_file_is_never_taken_for_markup() -> None:
    shown = _shown(reports.report(name="[red]a[/red] :smile:.jpg"))
    assert "[red]a[/red] :smile:.jpg" in shown


def test_a_report_fits_a_narrow_terminal() -> None:
    out = StringIO()
    Console(file=out, width=60).print(render(reports.conflicted_capture()))
    assert max(map(len, out.getvalue().splitlines())) <= 60


def test_the_strongest_evidence_is_what_decided() -> None:
    report = reports.conflicted_capture()
    deciding = next(item for item in report.evidence if item.id in report.basis)
    assert strongest(report) == deciding.statement
    assert strongest(reports.report()) == ""


def test_a_time_line_rises_with_suspicion_and_dots_what_was_not_judged() -> None:
    finding = reports.scored(
        2.0,
        segments=(
            Segment(start=0, end=4, log10_lr=-2.0),
            Segment(start=4, end=8, log10_lr=2.0),
            Segment(start=8, end=12, log10_lr=None),
        ),
    )
    assert row(finding, 12.0).plain == "▁" * 16 + "█" * 16 + "·" * 16
    assert row(finding, 24.0).plain == "▁" * 8 + "█" * 8 + "·" * 32


def test_a_peak_shorter_than_a_column_is_still_drawn() -> None:
    segments = (
        Segment(start=0, end=3599, log10_lr=-2.0),
        Segment(start=3599, end=3600, log10_lr=2.0),
    )
    assert row(reports.scored(2.0, segments=segments), 3600.0).plain == "▁" * 47 + "█"


def test_a_recording_shows_its_time_line() -> None:
    report = reports.recording()
    assert report.subject.kind is Kind.AUDIO
    shown = _shown(report)
    assert "Over time" in shown
    assert "0:20" in shown


def test_shots_and_speech_lie_on_the_axis_of_the_scores() -> None:
    shots = tuple(
        Segment(start=at, end=at + 4, log10_lr=0.0, label=f"shot {1 + at // 8}")
        for at in range(0, 16, 4)
    )
    speech = (Segment(start=8, end=16, log10_lr=1.5, label="speech"),)
    report = reports.report(
        kind=Kind.VIDEO,
        findings=(reports.scored(0.0, segments=shots), reports.scored(1.0, segments=speech)),
        seconds_long=16.0,
    )
    shown = [line.plain for line in lines(report)]
    assert shown[1].split() == ["Shots", "▒" * 24 + "░" * 24, "2", "shots"]
    assert shown[2].split() == ["Speech", "▒" * 24, "8.0", "s", "of", "speech"]
    assert any(line.startswith("  0:08 to 0:16: ") for line in shown)


def test_faces_of_one_moment_are_on_lines_of_their_own() -> None:
    faces = (
        Segment(start=0, end=16, log10_lr=0.0, label="face 1"),
        Segment(start=8, end=16, log10_lr=0.0, label="face 2"),
    )
    report = reports.report(
        kind=Kind.VIDEO, findings=(reports.scored(0.0, segments=faces),), seconds_long=16.0
    )
    shown = [line.plain.rstrip() for line in lines(report)]
    assert shown[1].split() == ["Faces", "▒" * 48, "2", "faces"]
    assert shown[2] == " " * (len(shown[1]) - len("2 faces") - 1 - 24) + "░" * 24


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;owned\x07", "\u202egnp.exe", "a\rb", "\x9b31m"])
def test_a_report_from_a_stranger_cannot_steer_the_terminal(hostile: str) -> None:
    report = reports.declared_ai()
    subject = report.subject.model_copy(update={"name": f"x{hostile}"})
    evidence = (report.evidence[0].model_copy(update={"statement": f"y{hostile}"}),)
    out = StringIO()
    Console(file=out, width=120, markup=False, highlight=False, emoji=False).print(
        render(report.model_copy(update={"subject": subject, "evidence": evidence}))
    )
    assert all(letter.isprintable() or letter == "\n" for letter in out.getvalue())


def test_credentials_are_shown_down_to_the_ingredients_with_each_ones_own_state() -> None:
    shown = _shown(reports.verified_capture(), width=200)
    for words in (
        "This file carries Content Credentials. [Intact, signer trusted]",
        "Signed by",
        "Revocation",
        "made from market-square-raw.jpg",
        "Written by: Darkroom 4.1",
        "removed on purpose:",
        "use as",
    ):
        assert words in shown, words
    broken = _shown(reports.credentials_broken(), width=200)
    assert "[File changed after signing]" in broken
    assert "Content Credentials" not in _shown(reports.not_applicable()).replace("no Content", "")


@pytest.mark.parametrize("width", range(60, 120, 7))
def test_no_figure_parts_from_its_unit_at_the_end_of_a_line(width: int) -> None:
    said = "It has 0.40 s of speech and 1 % of noise at 16 kHz. It lasts 12 s, which is 5 %. " * 6
    out = StringIO()
    plain = reports.report(kind=Kind.AUDIO)
    noted = plain.subject.model_copy(update={"notes": (said,)})
    told = plain.model_copy(update={"headline": said, "subject": noted})
    Console(file=out, width=width).print(render(told))
    parted = [
        line for line in out.getvalue().splitlines() if re.search(r"(?<!\w)\d[\d.]*[ │]*$", line)
    ]
    assert parted == []
    assert "It has 0.40 s of" in " ".join(out.getvalue().replace("│", " ").split())
