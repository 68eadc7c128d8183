"""What a reader sees of a report holds no code, none of the library's words, and no sentence twice."""

import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final

import pytest
from rich.console import Console

from detectors.base import Kind
from provenance.result import (
    Check,
    Integrity,
    Presence,
    Provenance,
    SignerTrust,
    Timestamp,
)
from provenance.statuses import STATUSES, StatusClass, sentence_of
from service.cli import terminal
from service.rendering.render import render_report
from service.reporting.report import Report
from tests import media
from tests.service import reports

RAW: Final = "could not parse JUMBF superbox"
NAMES: Final = ("market-square.jpg", "market-square-raw.jpg", "sky.png", "statement.mp4")
CODE: Final = re.compile(r"(?<![\w“./-])[a-z][A-Za-z0-9]*(?:[._][A-Za-z0-9]+)+")
VOID: Final = {"br", "hr", "img", "input", "link", "meta"}
BLOCKS: Final = {
    "p",
    "li",
    "h1",
    "h2",
    "h3",
    "dt",
    "dd",
    "td",
    "th",
    "summary",
    "figcaption",
    "div",
}
HIDDEN: Final = {"style", "pre", "title", "desc", "svg", "tbody"}  # the last: rows of figures


class Reader(HTMLParser):
    """The text of a page without what is marked as technical, one line for each block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._hidden: list[bool] = []
        self._text: list[str] = []
        self.feed(html)
        assert self._hidden == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self._text.append("\n")
        if tag not in VOID:
            names = (dict(attrs).get("class") or "").split()
            self._hidden.append(tag in HIDDEN or bool({"technical", "raw"} & set(names)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        self._hidden.pop()
        if tag in BLOCKS:
            self._text.append("\n")

    def handle_data(self, data: str) -> None:
        if not any(self._hidden):
            self._text.append(re.sub(r"\s+", " ", data))

    def lines(self) -> list[str]:
        return [line.strip() for line in "".join(self._text).split("\n") if line.strip()]


def page(report: Report) -> list[str]:
    return Reader(render_report(report, media.jpeg(media.photo_like(64, 48)))).lines()


def printed(report: Report) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=4000, highlight=False).print(terminal.render(report))
    lines = (line.strip(" │├└─╭╮╰╯") for line in out.getvalue().splitlines())
    return [part.strip() for line in lines for part in re.split(r"\s{2,}", line) if part.strip()]


def raw(found: Provenance) -> Provenance:
    """The same with the library's own words wherever it has a say."""
    broken = Check(code="assertion.dataHash.mismatch", explanation=RAW, status=StatusClass.CHANGED)
    manifests = tuple(
        item.model_copy(update={"failures": (broken,) if item.failures else ()})
        for item in found.manifests
    )
    return found.model_copy(update={"manifests": manifests, "integrity_explanation": RAW})


def expired() -> Report:
    found = reports.credentials(trust=SignerTrust.EXPIRED, ancestor=Integrity.INTACT)
    return reports.report(
        provenance=found.model_copy(update={"claimed_at": None, "timestamp": Timestamp()}),
        findings=(reports.scored(0.7),),
    )


def tampered() -> Report:
    found = reports.credentials(
        integrity=Integrity.ASSET_MISMATCH, ancestor=Integrity.ASSET_MISMATCH
    )
    return reports.report(provenance=raw(found), findings=(reports.scored(-1.0),))


def malformed() -> Report:
    found = raw(reports.credentials(integrity=Integrity.MALFORMED))
    return reports.report(
        provenance=found.model_copy(update={"integrity_code": "assertion.action.malformed"})
    )


def refused() -> Report:
    found = Provenance(
        presence=Presence.UNREADABLE,
        integrity=Integrity.NOT_CHECKED,
        integrity_code="manifest_damaged",
        integrity_explanation=RAW,
        validated_at=reports.WHEN,
    )
    silent = tuple(reports.silent(detector=name) for name in ("image.clip", "image.edits"))
    return reports.report(provenance=found, findings=silent)


def unchecked() -> Report:
    found = raw(reports.credentials(integrity=Integrity.NOT_CHECKED))
    return reports.report(provenance=found.model_copy(update={"integrity_code": "general.error"}))


def damaged_sound() -> Report:
    found = Provenance(
        presence=Presence.REMOTE_UNFETCHED,
        integrity_code="remote_only",
        integrity_explanation=RAW,
        validated_at=reports.WHEN,
    )
    return reports.report(kind=Kind.AUDIO, provenance=found, findings=(reports.silent(),))


MADE: Final[tuple[Callable[[], Report], ...]] = (
    reports.verified_capture,
    reports.verified_ai,
    expired,
    tampered,
    malformed,
    refused,
    unchecked,
    damaged_sound,
    reports.declared_ai,
    reports.no_sign_found,
    reports.likely_synthetic,
    reports.likely_manipulated,
    reports.conflicted_capture,
    reports.traced,
    reports.heard,
    reports.recording,
    reports.video,
)


def without_names(line: str) -> str:
    for name in NAMES:
        line = line.replace(name, "")
    return line


@pytest.mark.parametrize("shown", [page, printed])
@pytest.mark.parametrize("made", MADE)
def test_a_reader_meets_no_code(
    made: Callable[[], Report], shown: Callable[[Report], list[str]]
) -> None:
    found = {code for line in shown(made()) for code in CODE.findall(without_names(line))}
    assert found == set()


@pytest.mark.parametrize("shown", [page, printed])
@pytest.mark.parametrize("made", MADE)
def test_a_reader_meets_no_sentence_of_the_library(
    made: Callable[[], Report], shown: Callable[[Report], list[str]]
) -> None:
    assert [line for line in shown(made()) if RAW in line] == []


@pytest.mark.parametrize("shown", [page, printed])
@pytest.mark.parametrize("made", MADE)
def test_a_reader_meets_no_sentence_twice(
    made: Callable[[], Report], shown: Callable[[Report], list[str]]
) -> None:
    """A headline may name its reason, which the list of what was not checked gives for each check."""
    report = made()
    said = [
        sentence.strip(" .")
        for line in shown(report)
        for sentence in re.split(r"(?<=[.!?]) ", line)
        if len(sentence.split()) > 5 and sentence.strip(" .") not in report.headline
    ]
    assert sorted({text for text in said if said.count(text) > 1}) == []


def test_experts_find_the_codes_and_the_words_of_the_library() -> None:
    html = render_report(tampered(), None)
    details = "".join(re.findall(r'<details class="technical">.*?</details>', html, re.DOTALL))
    assert "assertion.dataHash.mismatch" in details
    assert RAW in details


def test_every_status_code_has_a_sentence_that_names_no_code() -> None:
    for code in (*STATUSES, "of.nobody"):
        said = sentence_of(code)
        assert said[0].isupper()
        assert said.endswith(".")
        assert not CODE.search(said)
    assert "changed" not in sentence_of("assertion.dataHash.mismatch", StatusClass.NOT_COVERED)
