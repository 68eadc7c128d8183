from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
from httpx2 import Response

from service.access.door import Door
from service.access.principal import Role
from tests.service import reports
from tests.service.access.people import Clock, principal
from tests.service.access.providers import QUIET, Running, running
from tests.service.web.browsing import Browser, make
from tests.service.webapp import Desk, StandIn, desk

pytestmark = pytest.mark.filterwarnings(QUIET)


@pytest.fixture
def at() -> Iterator[Running]:
    with running() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, at: Running) -> Desk:
    return desk(tmp_path, StandIn(reports.likely_synthetic), provider=at.provider())


def away(browser: Browser, at: Running, who: str, to: str = "/scans") -> dict[str, str]:
    """To the provider and signed in there; the query to come back with."""
    answer = browser.get(f"/sign-in/provider?{urlencode({'to': to})}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(at.issuer)
    return at.come_back(answer.headers["location"], who)


def back(browser: Browser, query: dict[str, str]) -> Response:
    return browser.get(f"/sign-in/callback?{urlencode(query)}")


def test_a_browser_goes_to_the_provider_and_comes_back_signed_in(site: Desk, at: Running) -> None:
    browser = Browser(site)
    assert "/sign-in/provider?to=/scans" in browser.get("/sign-in?to=/scans").text
    answer = back(browser, away(browser, at, "ines") | {"session_state": "of no interest"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/scans")
    assert "ines" in browser.get("/account").text
    assert browser.get("/people").status_code == 200
    (made,) = site.people.accounts.everybody()
    assert (made.role, made.password) == (Role.ADMIN, None)


def test_the_cookie_for_the_way_is_used_once(site: Desk, at: Running) -> None:
    browser = Browser(site)
    query = away(browser, at, "ines")
    assert back(browser, query).status_code == 303
    again = back(browser, query)
    assert (again.status_code, "provider_refused" in again.text) == (403, True)


def test_another_browser_cannot_be_signed_in_by_a_planted_answer(site: Desk, at: Running) -> None:
    query = away(Browser(site), at, "ines")
    for victim in (Browser(site), Browser(site)):
        away(victim, at, "joao")
        assert back(victim, query).status_code == 403
        assert victim.token() == ""


def test_the_provider_leads_nowhere_else(site: Desk, at: Running) -> None:
    browser = Browser(site)
    answer = back(browser, away(browser, at, "ines", to="//evil.example"))
    assert answer.headers["location"] == "/"


def move(at: Running, who: str, groups: list[str]) -> None:
    """Somebody is in these groups from now on, at the provider."""
    answer = httpx2.put(f"{at.issuer}/users/{who}", json={"groups": groups}, trust_env=False)
    assert answer.status_code == 204


def test_a_session_from_the_provider_ends_after_an_hour_and_begins_again_there(
    tmp_path: Path, at: Running
) -> None:
    clock = Clock()
    engine = StandIn(reports.likely_synthetic)
    site = desk(tmp_path, engine, provider=at.provider(), door=Door.ALONE, now=clock)
    browser = Browser(site)
    cookie = back(browser, away(browser, at, "ines")).headers["set-cookie"]
    assert "Max-Age=3600" in cookie
    clock.pass_by(timedelta(minutes=59))
    assert browser.get("/scans").status_code == 200
    clock.pass_by(timedelta(minutes=2))
    assert browser.get("/scans").headers["location"] == "/sign-in?to=/scans"
    assert back(browser, away(browser, at, "ines")).status_code == 303
    assert browser.get("/scans").status_code == 200


def test_whoever_lost_their_group_is_signed_out_everywhere_when_the_provider_says_so(
    tmp_path: Path, at: Running
) -> None:
    engine = StandIn(reports.likely_synthetic)
    site = desk(tmp_path, engine, provider=at.provider(), door=Door.ALONE)
    desk_top, telephone = Browser(site), Browser(site)
    for browser in (desk_top, telephone):
        back(browser, away(browser, at, "joao"))
        assert browser.get("/scans").status_code == 200
    move(at, "joao", ["kitchen"])
    answer = back(telephone, away(telephone, at, "joao"))
    assert (answer.status_code, "groups" in answer.text) == (403, True)
    for browser in (desk_top, telephone):
        assert browser.get("/scans").headers["location"] == "/sign-in?to=/scans"


def test_somebody_in_no_known_group_gets_no_account(site: Desk, at: Running) -> None:
    browser = Browser(site)
    answer = back(browser, away(browser, at, "mary"))
    assert (answer.status_code, "groups" in answer.text) == (403, True)
    assert site.people.accounts.everybody() == ()
    assert browser.token() == ""


def test_a_disabled_account_does_not_come_back_in(site: Desk, at: Running) -> None:
    browser = Browser(site)
    back(browser, away(browser, at, "ines"))
    (made,) = site.people.accounts.everybody()
    site.people.accounts.disable(principal(Role.ADMIN), made.id)
    assert browser.token() == ""
    assert back(browser, away(browser, at, "ines")).status_code == 401


def test_while_the_provider_is_down_a_page_says_so_and_passwords_still_work(
    tmp_path: Path, at: Running
) -> None:
    down = at.provider(issuer="http://localhost:1")
    site = desk(tmp_path, StandIn(reports.likely_synthetic), provider=down)
    make(site)
    browser = Browser(site)
    answer = browser.get("/sign-in/provider")
    assert answer.status_code == 502
    assert "signing in with a password still works" in answer.text
    assert browser.sign_in().status_code == 303


def test_without_a_provider_there_is_no_way_to_one(tmp_path: Path) -> None:
    site = desk(tmp_path, StandIn(reports.likely_synthetic))
    make(site)
    browser = Browser(site)
    assert "/sign-in/provider" not in browser.get("/sign-in").text
    assert browser.get("/sign-in/provider").status_code == 404
    assert browser.get("/sign-in/callback?code=x").status_code == 404
