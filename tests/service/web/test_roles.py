"""Once there are accounts: who sees and does what, with a cookie, on the pages and in the API."""

from pathlib import Path

import pytest

from service.access.door import Door
from service.access.principal import SCOPES, Role, Scope
from service.api.access import rules
from service.web import account, people
from tests import media
from tests.service import reports
from tests.service.web.browsing import Browser, make, signed_in
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
RULES = rules((account.router, people.router))
PEOPLES = sorted(RULES)
NAMED = {"account_id": "unknown", "session_id": "unknown"}
WRITERS = {Role.ANALYST, Role.ADMIN, Role.OPERATOR}


@pytest.fixture
def site(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.likely_synthetic), door=Door.ALONE)


def send(browser: Browser, token: str | None) -> int:
    headers = {"accept": "application/json"} | ({"x-csrf-token": token} if token else {})
    files = {"file": ("square.jpg", PHOTO)}
    return browser.client.post("/v1/scans", files=files, headers=headers).status_code


def test_the_first_account_closes_the_door_and_a_browser_is_led_to_the_sign_in(
    site: Desk,
) -> None:
    browser = Browser(site)
    assert browser.get("/").status_code == 200
    make(site)
    answer = browser.get("/scans")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=/scans")
    assert browser.get("/v1/scans").status_code == 401
    assert browser.get("/verify").status_code == 200
    browser.sign_in()
    assert browser.get("/scans").status_code == 200


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_its_scopes_say(site: Desk, role: Role) -> None:
    make(site, "writer", Role.ADMIN)
    make(site, role=role)
    writer, browser = signed_in(site, "writer"), signed_in(site)
    assert send(writer, writer.token()) == 202
    (scan,) = site.scans.list(limit=2).items
    token, writes = browser.token(), role in WRITERS
    assert browser.get(f"/v1/scans/{scan.id}").status_code == 200
    assert send(browser, token) == (202 if writes else 403)
    assert ('name="file"' in browser.get("/").text) is writes
    page = browser.get(f"/scans/{scan.id}").text
    assert ("Delete this scan" in page) is writes
    path = f"/v1/scans/{scan.id}"
    refused = browser.client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_token_wrong")
    deleted = browser.client.delete(path, headers={"x-csrf-token": token}).status_code
    assert deleted == (200 if writes else 403)


@pytest.mark.parametrize("token", [None, "", "x" * 43])
def test_the_api_takes_no_change_by_a_cookie_without_the_token(
    site: Desk, token: str | None
) -> None:
    make(site)
    browser = signed_in(site)
    assert send(browser, token) == 403
    assert site.stored() == []
    assert send(browser, browser.token()) == 202


def test_a_key_needs_no_token_even_beside_a_cookie(site: Desk) -> None:
    make(site)
    browser = signed_in(site)
    key = site.keyring.create("default", "ingest", {Scope.SCANS_WRITE})
    browser.client.headers["authorization"] = f"Bearer {key.text}"
    assert send(browser, None) == 202


@pytest.mark.parametrize(("method", "path"), PEOPLES)
def test_pages_of_people_are_for_people(site: Desk, method: str, path: str) -> None:
    make(site)
    stranger, program = Browser(site), Browser(site)
    asked = stranger.client.request(method, path)
    assert (asked.status_code, asked.headers["location"][:9]) == (303, "/sign-in?")
    program.client.headers.update(site.bearer(*Scope))
    assert program.client.request(method, path).status_code == 404


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("method", "path"), PEOPLES)
def test_pages_of_people_ask_for_their_scope(
    site: Desk, method: str, path: str, role: Role
) -> None:
    make(site, role=role)
    browser = signed_in(site)
    headers = {"x-csrf-token": browser.token()}
    answer = browser.client.request(method, path.format(**NAMED), headers=headers)
    allowed = RULES[method, path] in SCOPES[role]
    assert (answer.status_code != 403) is allowed
    assert ("scope_missing" in answer.text) is not allowed


def test_people_of_one_tenant_see_nothing_of_another(site: Desk) -> None:
    make(site)
    make(site, "theirs", Role.ADMIN, tenant="other")
    browser, stranger = signed_in(site), signed_in(site, "theirs")
    assert send(browser, browser.token()) == 202
    (scan,) = site.scans.list(limit=2).items
    for path in (f"/scans/{scan.id}", f"/v1/scans/{scan.id}"):
        assert browser.get(path).status_code == 200
        assert stranger.get(path).status_code == 404
    assert "square.jpg" not in stranger.get("/scans").text


def test_an_operator_sees_the_scans_of_the_tenant_they_chose(site: Desk) -> None:
    make(site, "theirs", Role.ANALYST, tenant="other")
    make(site, "boss", Role.OPERATOR)
    theirs, boss = signed_in(site, "theirs"), signed_in(site, "boss")
    assert send(theirs, theirs.token()) == 202
    assert "square.jpg" not in boss.get("/scans").text
    boss.post("/account/tenant", tenant="other")
    assert "square.jpg" in boss.get("/scans").text


def test_a_suspended_tenant_shuts_its_people_out_at_once(site: Desk) -> None:
    make(site, tenant="other")
    browser = signed_in(site)
    assert browser.get("/").status_code == 200
    site.people.tenants.suspend("other")
    assert browser.get("/").status_code == 403
    assert browser.get("/v1/scans").json()["code"] == "tenant_suspended"
