"""Reports as page, document and in a terminal, in every language, with no English sentence left."""

import html
import io
import re
from collections.abc import Callable

import pytest
from pypdf import PdfReader
from rich.console import Console

from service.cli.terminal import render
from service.language.languages import Language, speaking
from service.rendering.document import render_document
from service.rendering.imprint import Imprint
from service.rendering.render import render_report
from service.reporting.report import Report
from tests.service import reports

OTHERS = tuple(language for language in Language if language is not Language.ENGLISH)
MADE: tuple[Callable[[], Report], ...] = (
    *reports.BY_VERDICT.values(),
    reports.conflicted_capture,
    reports.stating,
    reports.recording,
    reports.video,
    reports.heard,
    reports.traced,
)
CODES = re.compile(
    r'<style.*?</style>|<pre.*?</pre>|<code>.*?</code>|<bdi>.*?</bdi>|<span lang="en">.*?</span>',
    re.S,
)
SAME = {"assay", "Assertions: , ,", "Container", "Manifest", "Position", "Software", "Text"}
"""Our own name, and words that two languages share."""

MADE_UP = {
    "A trusted signature says who signed, not that the content is true.",
    "Anyone can write or remove it.",
    "No face was found.",
    "The colour profile was ignored.",
    "The picture is smaller than this method was measured on.",
}
"""Sentences that these reports hold and that no engine says."""


def spoken(page: str) -> set[str]:
    """Texts of a page with a word of four small letters in them."""
    found = re.findall(r">([^<>]+)<", CODES.sub("", page))
    return {
        text for text in map(str.strip, map(html.unescape, found)) if re.search("[a-z]{4}", text)
    }


def names(found: object) -> set[str]:
    """Short texts of a report: names of files, signers, programs and media types."""
    if isinstance(found, dict):
        return set().union(*map(names, found.values()))
    if isinstance(found, list):
        return set().union(*map(names, found))
    return {found} if isinstance(found, str) and found.count(" ") < 4 else set()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_no_english_sentence_is_left_on_the_page_of_a_report(
    make: Callable[[], Report], language: Language
) -> None:
    report = make()
    english = spoken(render_report(report, None))
    with speaking(language):
        page = render_report(report, None)
    assert f'<html lang="{language}">' in page
    left = spoken(page) & english
    assert left <= {*SAME, *MADE_UP, *names(report.model_dump(mode="json"))}


@pytest.mark.parametrize("language", OTHERS)
def test_a_document_says_its_language_and_carries_the_report_as_it_was_signed(
    language: Language,
) -> None:
    report = reports.conflicted_capture()
    text = report.model_dump_json()
    with speaking(language):
        made = render_document(report, None, text=text, signature=None, imprint=Imprint())
    read = PdfReader(io.BytesIO(made))
    words = " ".join(" ".join(page.extract_text() for page in read.pages).split())
    assert str(read.root_object["/Lang"]) == language.value
    assert {"de": "Worauf das beruht", "es": "En qué se apoya"}[language] in words
    assert "What this rests on" not in words
    assert read.attachments["report.json"] == [text.encode()]


def test_a_terminal_says_a_report_in_the_language_that_was_asked_for() -> None:
    console = Console(file=io.StringIO(), width=120, record=True)
    with speaking(Language.GERMAN):
        console.print(render(reports.likely_synthetic()))
    shown = console.export_text()
    assert "Wahrscheinlich synthetisch" in shown
    assert "Belege, die stärksten zuerst" in shown
    assert "Evidence" not in shown
