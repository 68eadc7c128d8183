from datetime import timedelta
from pathlib import Path

import pytest

from service.access.door import Door
from service.access.principal import Role
from service.access.sessions import IDLE
from service.access.throttle import BY_BOTH
from service.api.forms import MAX_BYTES
from service.api.proxy import Proxies
from service.settings import Settings
from tests import media
from tests.service import reports
from tests.service.access.people import Clock, principal
from tests.service.web.browsing import PASSWORD, Browser, make, signed_in
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
PAGES = ("/sign-in", "/account", "/people", "/set-password")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Desk:
    return desk(tmp_path, StandIn(reports.likely_synthetic), now=clock)


def test_without_accounts_nothing_shows_that_there_could_be_any(site: Desk) -> None:
    browser = Browser(site)
    for path in PAGES:
        assert browser.get(path).status_code == 404, path
    front = browser.get("/").text
    assert "sign-in" not in front
    assert "csrf" not in front
    assert browser.sign_in().status_code == 404


def test_name_and_password_lead_to_where_one_was_going(site: Desk) -> None:
    make(site)
    browser = Browser(site)
    answer = browser.sign_in(to="/scans?before=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/scans?before=x")
    assert "ines" in browser.get("/").text
    assert browser.get("/sign-in").headers["location"] == "/"


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\nb", ""]
)
def test_a_link_cannot_use_the_sign_in_to_lead_elsewhere(site: Desk, to: str) -> None:
    make(site)
    assert Browser(site).sign_in(to=to).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_show_the_same_page(site: Desk) -> None:
    make(site)
    wrong, unknown = Browser(site).sign_in("ines", "wrong"), Browser(site).sign_in("mary", "wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("ines", "mary") == unknown.text
    assert "set-cookie" not in wrong.headers


def test_the_cookie_on_loopback_is_closed_to_scripts_and_other_sites(site: Desk) -> None:
    make(site)
    cookie = Browser(site).sign_in().headers["set-cookie"]
    assert cookie.startswith("assay=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_the_cookie_under_tls_is_bound_to_this_host(site: Desk) -> None:
    make(site)
    cookie = Browser(site, "https://desk.example.org").sign_in().headers["set-cookie"]
    assert cookie.startswith("__Host-assay=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_the_scheme_is_what_the_trusted_proxy_says(tmp_path: Path) -> None:
    settings = Settings(trusted_proxies="127.0.0.1")
    site = desk(
        tmp_path,
        StandIn(reports.likely_synthetic),
        proxies=Proxies(settings.trusted_proxies),
    )
    make(site)
    browser = Browser(site, "http://desk.example.org")
    browser.client.headers["x-forwarded-proto"] = "https"
    form = {"name": "ines", "password": PASSWORD, "to": "/"}
    stranger = browser.client.post("/sign-in", data=form)
    assert (stranger.status_code, "set-cookie" in stranger.headers) == (403, False)
    browser.client._transport.client = ("127.0.0.1", 4000)  # type: ignore[attr-defined]
    trusted = browser.client.post("/sign-in", data=form)
    assert trusted.headers["set-cookie"].startswith("__Host-assay=")


def test_a_password_is_not_taken_over_plain_http_from_elsewhere(site: Desk) -> None:
    make(site)
    answer = Browser(site, "http://desk.example.org").sign_in()
    assert answer.status_code == 403
    assert "https" in answer.text


def test_signing_in_gives_a_session_that_was_not_there_before(site: Desk) -> None:
    make(site)
    browser = Browser(site)
    planted = "x" * 43
    browser.client.cookies.set("assay", planted, domain="localhost.local")
    browser.sign_in()
    first = browser.client.cookies["assay"]
    browser.sign_in()
    second = browser.client.cookies["assay"]
    assert len({planted, first, second}) == 3
    old = Browser(site)
    old.client.cookies.set("assay", first)
    assert old.token() == ""
    assert browser.token() != ""


def test_signing_out_ends_the_session_for_whoever_copied_the_cookie(site: Desk) -> None:
    make(site)
    browser, copy = signed_in(site), Browser(site)
    copy.client.cookies.set("assay", browser.client.cookies["assay"])
    assert copy.token() != ""
    answer = browser.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "assay" not in browser.client.cookies
    assert copy.token() == ""


def test_a_session_nobody_uses_ends(site: Desk, clock: Clock) -> None:
    make(site)
    browser = signed_in(site)
    assert browser.get("/account").status_code == 200
    clock.pass_by(IDLE + timedelta(minutes=1))
    answer = browser.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=/account")


@pytest.mark.parametrize(
    ("came", "to"),
    [
        (
            "http://localhost/scans/01k9x2v7qe4m8n1r5t6w0yza3c?x=1",
            "/scans/01k9x2v7qe4m8n1r5t6w0yza3c",
        ),
        ("http://localhost/selected", "/"),
        ("https://elsewhere.example/scans", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_a_form_sent_after_the_session_ended_says_so_and_leads_back_to_its_page(
    tmp_path: Path, clock: Clock, came: str, to: str
) -> None:
    site = desk(tmp_path, StandIn(reports.likely_synthetic), now=clock, door=Door.ALONE)
    make(site)
    browser = signed_in(site)
    clock.pass_by(IDLE + timedelta(minutes=1))
    headers = {"Referer": came, "Accept": "text/html"}
    answer = browser.client.post(
        "/scans/x/links", data={"csrf": "old", "days": "7"}, headers=headers
    )
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/sign-in?to={to}&unsaved=true",
    )
    assert "nothing was done" in browser.get(answer.headers["location"]).text
    assert "nothing was done" not in browser.get("/sign-in").text


def test_a_disabled_account_is_out_at_once(site: Desk) -> None:
    made = make(site)
    browser = signed_in(site)
    site.people.accounts.disable(principal(Role.ADMIN), made.id)
    assert browser.get("/account").status_code == 303
    assert browser.sign_in().status_code == 401


def test_too_many_attempts_are_told_when_to_come_back(site: Desk, clock: Clock) -> None:
    make(site)
    browser = Browser(site)
    for _ in range(BY_BOTH[1]):
        assert browser.sign_in(password="wrong").status_code == 401
    answer = browser.sign_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert "Try again in 60 seconds" in answer.text
    clock.pass_by(BY_BOTH[0])
    assert browser.sign_in().status_code == 303


# --- the token -----------------------------------------------------------------------------------

CHANGES = (
    "/sign-out",
    "/account/password",
    "/account/sessions/x/end",
    "/account/sessions/end",
    "/people",
    "/people/x/role",
    "/people/x/disable",
    "/people/x/enable",
    "/people/x/reset",
    "/scans/01k9x2v7qe4m8n1r5t6w0yza3c/delete",
)


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("token", [None, "", "x" * 43])
def test_no_form_of_a_session_works_without_its_token(
    site: Desk, path: str, token: str | None
) -> None:
    make(site, role=Role.OPERATOR)
    browser = signed_in(site)
    answer = browser.client.post(path, data={} if token is None else {"csrf": token})
    assert answer.status_code == 403
    assert "csrf_token_wrong" in answer.text
    assert browser.token() != ""


def test_the_token_of_another_session_is_refused(site: Desk) -> None:
    make(site)
    browser, other = signed_in(site), signed_in(site)
    answer = browser.client.post("/sign-out", data={"csrf": other.token()})
    assert answer.status_code == 403
    assert browser.token() != ""


def test_every_form_of_a_page_that_changes_something_carries_the_token(site: Desk) -> None:
    make(site, role=Role.OPERATOR)
    make(site, "joão")
    browser = signed_in(site)
    site.client.base_url = "http://localhost"
    scan_id = site.send(PHOTO)
    token, forms = browser.token(), 0
    for path in ("/", f"/scans/{scan_id}", f"/scans/{scan_id}/delete", "/account", "/people"):
        for form in browser.get(path).text.split("<form")[1:]:
            assert token in form.partition("</form>")[0], path
            forms += 1
    assert forms > 12


def test_a_file_is_refused_before_it_arrives_if_its_form_lacks_the_token(site: Desk) -> None:
    make(site)
    browser = signed_in(site)
    files = {"file": ("square.jpg", PHOTO)}
    for query in ("", "?csrf=", "?csrf=wrong"):
        assert browser.client.post(f"/scans{query}", files=files).status_code == 403
    assert site.stored() == []
    answer = browser.client.post(f"/scans?csrf={browser.token()}", files=files)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", "csrf=x"),
        ("application/x-www-form-urlencoded", "name=%ff&password=x"),
        ("application/x-www-form-urlencoded", "name=a&name=b"),
        ("application/x-www-form-urlencoded", "&".join(f"a{n}=b" for n in range(50))),
        ("application/x-www-form-urlencoded", "nmae=a"),
        ("application/x-www-form-urlencoded", "name=" + "x" * MAX_BYTES),
    ],
)
def test_a_malformed_form_is_refused_with_a_reason(site: Desk, kind: str, body: str) -> None:
    make(site)
    answer = Browser(site).client.post(
        "/sign-in", content=body, headers={"content-type": kind, "accept": "application/json"}
    )
    assert answer.status_code == (413 if len(body) > MAX_BYTES else 422)


def test_another_site_cannot_sign_a_browser_in(site: Desk) -> None:
    make(site)
    answer = Browser(site).client.post(
        "/sign-in",
        data={"name": "ines", "password": PASSWORD},
        headers={"origin": "https://evil.example"},
    )
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


# --- links, people, one's own account --------------------------------------------------------------


def test_an_invited_person_chooses_a_password_and_is_signed_in(site: Desk) -> None:
    make(site, "admin", Role.ADMIN)
    shown = signed_in(site, "admin").post("/people", name="ines", role="analyst").text
    link = shown.partition("http://localhost")[2].partition("<")[0]
    guest = Browser(site)
    assert "ines" in guest.get(link).text
    secret = link.partition("link=")[2]
    poor = guest.client.post("/set-password", data={"link": secret, "password": "short"})
    assert (poor.status_code, "at least 12" in poor.text) == (422, True)
    answer = guest.client.post("/set-password", data={"link": secret, "password": PASSWORD})
    assert answer.status_code == 303
    assert guest.token() != ""
    assert Browser(site).get(link).status_code == 410


def test_the_people_of_a_tenant_are_managed_on_a_page(site: Desk) -> None:
    make(site, "admin", Role.ADMIN)
    theirs = make(site, "theirs", tenant="other")
    made = make(site)
    browser = signed_in(site, "admin")
    page = browser.get("/people").text
    assert "ines" in page
    assert "theirs" not in page
    assert browser.post(f"/people/{made.id}/role", role="viewer").status_code == 303
    assert site.people.accounts.get(made.id).role == Role.VIEWER
    browser.post(f"/people/{made.id}/disable")
    assert site.people.accounts.get(made.id).disabled_at is not None
    browser.post(f"/people/{made.id}/enable")
    assert site.people.accounts.get(made.id).disabled_at is None
    assert "set-password?link=" in browser.post(f"/people/{made.id}/reset").text
    assert browser.post(f"/people/{theirs.id}/disable").status_code == 404
    assert browser.post(f"/people/{made.id}/role", role="operator").status_code == 422
    assert browser.post(f"/people/{made.id}/role", role="king").status_code == 422
    assert browser.post("/people", name="INES", role="viewer").status_code == 422


@pytest.mark.parametrize("role", Role)
def test_only_administrators_see_the_people(site: Desk, role: Role) -> None:
    make(site, role=role)
    browser, allowed = signed_in(site), role in {Role.ADMIN, Role.OPERATOR}
    assert (browser.get("/people").status_code == 200) is allowed
    assert ('href="/people"' in browser.get("/").text) is allowed
    refused = browser.post("/people", name="joão", role="viewer").status_code
    assert refused == (200 if allowed else 403)


def test_a_changed_password_signs_other_browsers_out(site: Desk) -> None:
    make(site)
    browser, other = signed_in(site), signed_in(site)
    new = "another password, also long"
    assert browser.post("/account/password", current="wrong", new=new).status_code == 401
    assert browser.post("/account/password", current=PASSWORD, new="short").status_code == 422
    assert other.token() != ""
    assert "was changed" in browser.post("/account/password", current=PASSWORD, new=new).text
    assert browser.token() != ""
    assert other.token() == ""
    assert Browser(site).sign_in(password=new).status_code == 303


def test_browsers_are_listed_and_signed_out_one_by_one_or_all(site: Desk) -> None:
    make(site)
    browser, other = signed_in(site), Browser(site)
    other.client.headers["user-agent"] = "<b>Other</b>/2"
    other.sign_in()
    page = browser.get("/account").text
    assert "&lt;b&gt;Other&lt;/b&gt;/2" in page
    ending = page.partition("/account/sessions/")[2].partition("/end")[0]
    browser.post(f"/account/sessions/{ending}/end")
    assert other.token() == ""
    assert browser.token() != ""
    third = signed_in(site)
    browser.post("/account/sessions/end")
    assert browser.token() == third.token() == ""


def test_an_operator_changes_to_another_tenant_and_nobody_else_does(site: Desk) -> None:
    make(site, "boss", Role.OPERATOR)
    make(site, "admin", Role.ADMIN)
    make(site, "theirs", tenant="other")
    boss = signed_in(site, "boss")
    assert "theirs" not in boss.get("/people").text
    assert boss.post("/account/tenant", tenant="other").status_code == 303
    assert "theirs" in boss.get("/people").text
    assert boss.post("/account/tenant", tenant="nowhere").status_code == 404
    admin = signed_in(site, "admin")
    assert admin.post("/account/tenant", tenant="other").status_code == 422
    assert "/account/tenant" not in admin.get("/account").text
