"""Every page of the application, in a language that marks what the catalogue says: nothing is left out."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

import pytest
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from httpx2 import Response
from rich.console import Console

from service import access_errors, errors
from service.access.door import Door
from service.access.principal import Principal, Role, Scope
from service.analysis.looking.catalogue import Asked, Drawn, View
from service.api.languages import COOKIE
from service.api.problems import Problem
from service.app import ROUTED
from service.cli.audit.results_file import Line, line_for
from service.cli.audit.summary import write_summary
from service.cli.audit.walk import Skip
from service.cli.terminal import render
from service.errors import OutOfTime, ServiceError
from service.language.languages import speaking
from service.reporting.report import Report, Verdict
from service.scans import refusals
from service.web.pages import problem_page
from tests import media
from tests.service import reports
from tests.service.language.marked import WORD, Unmarked, marking, outside
from tests.service.web.browsing import Browser, make, signed_in
from tests.service.webapp import Desk, StandIn, desk

ERRORS: Final = (access_errors, errors, refusals)
PHOTO: Final = media.jpeg(media.photo_like(64, 48))
REPORTS: Final = (
    reports.conflicted_capture,
    reports.video,
    reports.recording,
    reports.traced,
)
PLAIN: Final = frozenset(
    {
        *(
            "assay",
            "API",
            "SHA-256",
            "sha256",
            "AUC",
            "EER",
            "Cllr",
            "JSON",
            "PDF",
            "Enter",
            "c2pa",
        ),
        *("kB", "MB", "UTC", "https://", "November"),
    }
)
"""Names, units and abbreviations that are the same in all languages."""

DATA: Final = frozenset({"default", "ines", "other", "0.jpg", "(example list)", "(music)"})
"""What people, tenants, files and lists of these tests are called."""

MADE_UP: Final = frozenset(
    {
        "A trusted signature says who signed, not that the content is true.",
        "Anyone can write or remove it.",
        "EXIF says that the camera took <b>6000</b> x 4000 pixels.",
        "No face was found.",
        "The colour profile was ignored.",
    }
)
"""Sentences that these reports hold and that no engine says."""


def names(found: object) -> set[str]:
    """Names of files, signers and programs, types and times in a report; no codes, no sentences."""
    if isinstance(found, dict):
        return set().union(*map(names, found.values()))
    if isinstance(found, list):
        return set().union(*map(names, found))
    is_name = isinstance(found, str) and found.count(" ") < 4 and re.search(r"[A-Z0-9./]", found)
    return {str(found)} if is_name else set()


DIGEST: Final = re.compile(r"\b[0-9a-f]{64}\b")
NAMES: Final = sorted(
    set().union(PLAIN, DATA, *(names(make().model_dump(mode="json")) for make in REPORTS)),
    key=len,
    reverse=True,
)


class Brush:
    """A painter to whom every view looks alike."""

    def draw(self, asked: Asked, file: BinaryIO) -> Drawn:
        return Drawn(PHOTO, "image/jpeg", ("Nothing that can be seen differs.",))

    def differences(self, file: BinaryIO, other: BinaryIO) -> Drawn:
        return self.draw(Asked(View.DIFFERENCE), file)


@dataclass(frozen=True, slots=True)
class Site:
    """An application in which everything exists that a page can be about."""

    browser: Browser
    stranger: Browser
    values: dict[str, tuple[str, ...]]  # of each name in a path
    queries: dict[str, tuple[str, ...]]  # of pages that show more with one

    def get(self, path: str) -> Response:
        """A page as who is signed in sees it, or where it is for others, as they do."""
        answer = self.browser.get(path)
        return answer if answer.status_code != 303 else self.stranger.get(path)

    def pages(self) -> Iterator[tuple[str, list[str]]]:
        """Every route that answers with a page, with its addresses for all values of its places."""
        for module in ROUTED:
            for route in module.router.routes:
                if (
                    isinstance(route, APIRoute)
                    and "GET" in (route.methods or ())
                    and is_page(route)
                ):
                    filled = [route.path_format]
                    for place in route.param_convertors:
                        filled = [
                            path.replace(f"{{{place}}}", value)
                            for path in filled
                            for value in self.values[place]
                        ]
                    further = self.queries.get(route.path_format, ())
                    yield route.path_format, [*filled, *(f"{filled[0]}{it}" for it in further)]


def is_page(route: APIRoute) -> bool:
    """Files of a shared report stand beside its page, under the same router."""
    kind = getattr(route.response_class, "value", route.response_class)
    return kind is HTMLResponse and not route.path_format.startswith("/shared/{secret}/")


def scanned(made: Desk, engine: StandIn) -> list[str]:
    """Scans with all sorts of reports, and without one."""
    found = []
    for report in REPORTS:
        engine.make = report
        found.append(made.send(PHOTO, "0.jpg"))
        made.work()
        offered = made.client.get(f"/v1/scans/{found[-1]}/views").json()["items"]
        for view in offered:
            made.client.get(view["link"])
    made.draw()
    engine.error = OutOfTime("The analysis was stopped at the time limit for one scan.")
    found.append(made.send(PHOTO, "0.jpg"))
    made.work()
    engine.error = None
    return [*found, made.send(PHOTO, "0.jpg")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    engine = StandIn(reports.no_sign_found, preview=PHOTO)
    made = desk(tmp_path, engine, door=Door.ALONE, painter=Brush())
    scans = scanned(made, engine)
    note = made.scans.team.add_note(scans[0], "0", actor="local")
    _, secret = made.scans.team.share(scans[0], timedelta(days=1), actor="local")
    made.scans.team.share(scans[1], timedelta(days=1), actor="local")
    make(made, role=Role.OPERATOR)
    ines = made.people.accounts.named("ines")
    by = Principal(
        tenant="default", actor=f"account:{ines.id}", scopes=frozenset(Scope), role=Role.OPERATOR
    )
    link = made.people.accounts.add(by, "other", Role.VIEWER)
    values = {"scan_id": tuple(scans), "note_id": (str(note.id),), "secret": (secret,)}
    queries = {
        "/compare": (f"?a={scans[0]}&b={scans[1]}",),
        "/scans": ("?q=0", "?q=nothing"),
        "/set-password": (f"?link={link}",),
    }
    return Site(signed_in(made), Browser(made), values, queries)


def left_in(page: str) -> set[str]:
    """What a page says that neither the catalogue nor the reports hold."""
    found = set()
    for piece in Unmarked(page).found - MADE_UP:
        left = piece
        for name in NAMES:
            left = DIGEST.sub(" ", left.replace(name, " "))
        if WORD.search(left):
            found.add(piece)
    return found


def test_no_page_says_anything_that_is_not_in_the_catalogue(site: Site, tmp_path: Path) -> None:
    left: dict[str, set[str]] = {}
    with marking(tmp_path) as language:
        for browser in (site.browser, site.stranger):
            browser.client.cookies.set(COOKIE, language)
        for route, addresses in site.pages():
            answers = {path: site.get(path) for path in addresses}
            assert {answer.status_code for answer in answers.values()} - {404, 410} == {200}, route
            left |= {path: found for path, it in answers.items() if (found := left_in(it.text))}
    assert left == {}


def test_a_sentence_that_was_forgotten_would_be_found() -> None:
    page = '<p title="Over it">⟦One <b>⟦two⟧</b> three⟧ <code>four</code> Forgotten here.</p>'
    assert left_in(page) == {"Over it", "Forgotten here."}


def test_no_error_is_explained_in_words_that_are_not_in_the_catalogue(
    tmp_path: Path,
) -> None:
    found = [it for module in ERRORS for it in vars(module).values() if is_error(it)]
    assert len(found) > 90
    with marking(tmp_path) as language, speaking(language):
        pages = {error.__name__: problem_page(problem(error.title), "") for error in found}
    assert {name: left for name, page in pages.items() if (left := left_in(page))} == {}


def is_error(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, ServiceError)


def problem(title: str) -> Problem:
    return Problem(
        type="", title=title, status=400, detail=title, code="code", instance="/", request_id="1"
    )


def test_the_page_of_an_audit_says_nothing_that_is_not_in_the_catalogue(
    tmp_path: Path,
) -> None:
    lines = [
        *(line_for(f"a/{index}", make(), 0.5) for index, make in enumerate(REPORTS)),
        Line(path="b/0.jpg", error="empty_file", message="no byte arrived"),
        *(Line(path="b/0.jpg", skipped=skip) for skip in Skip),
        Line(path="b/1.jpg", verdict=Verdict.VERIFIED_AI, duplicate_of="a/0"),
    ]
    with marking(tmp_path) as language, speaking(language):
        write_summary(lines, tmp_path / "audit.html")
    assert left_in((tmp_path / "audit.html").read_text()) == set()


@pytest.mark.parametrize("make", REPORTS, ids=lambda make: make.__name__)
def test_a_terminal_says_nothing_of_a_report_that_is_not_in_the_catalogue(
    make: Callable[[], Report], tmp_path: Path
) -> None:
    console = Console(file=io.StringIO(), width=2000, record=True)
    with marking(tmp_path) as language, speaking(language):
        console.print(render(make()))
    left = outside(console.export_text())
    for name in (*NAMES, *MADE_UP):
        left = DIGEST.sub(" ", left.replace(name, " "))
    assert set(WORD.findall(left)) == set()
