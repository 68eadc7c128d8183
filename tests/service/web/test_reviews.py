"""Reviews on the page of a scan: the form, who may send it, and what is never lost."""

import html
import re
from pathlib import Path

import pytest

from service.access.door import Door
from service.access.principal import Role, Scope
from tests import media
from tests.service import reports
from tests.service.web.browsing import Browser, make, signed_in
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
NOTE = 'The shadows fall <both> ways,\nand "the hand" has six fingers: \u624b'


@pytest.fixture
def site(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.likely_synthetic), door=Door.ALONE)


@pytest.fixture
def scan(site: Desk) -> str:
    scan_id = site.send(PHOTO)
    site.work()
    return f"/scans/{scan_id}"


def kept(site: Desk, scan: str) -> list[tuple[str, str, str]]:
    found = site.scans.reviews.list(scan.removeprefix("/scans/"), limit=20)
    return [(item.judgement, item.note, item.actor) for item in found]


def text_typed(page: str) -> str:
    """What stands in the form's text area, as a browser reads it."""
    (found,) = re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    return html.unescape(found)


def test_a_review_is_kept_and_listed_with_author_and_time(site: Desk, scan: str) -> None:
    person = make(site)
    browser = signed_in(site)
    typed = NOTE.replace("\n", "\r\n")  # as browsers send it
    answer = browser.post(f"{scan}/reviews", judgement="synthetic", note=typed)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{scan}#reviews")
    assert kept(site, scan) == [("synthetic", NOTE, f"account:{person.id}")]
    page = browser.get(scan).text
    assert html.escape(NOTE, quote=False) in page.replace("&#34;", '"')
    assert "<strong>synthetic</strong>, said <bdi>ines</bdi>, <time datetime=" in page


def test_the_newest_review_comes_first_and_earlier_ones_stay(site: Desk, scan: str) -> None:
    make(site)
    browser = signed_in(site)
    for judgement in ("unclear", "manipulated"):
        browser.post(f"{scan}/reviews", judgement=judgement, note="")
    page = browser.get(scan).text
    assert re.findall(r"<strong>(\w+)</strong>, said", page) == ["manipulated", "unclear"]


def test_the_review_of_a_program_names_its_key(site: Desk, scan: str) -> None:
    make(site)
    site.client.post(
        f"/v1{scan}/reviews",
        json={"judgement": "genuine"},
        headers=site.bearer(Scope.SCANS_WRITE),
    )
    (key,) = site.keyring.list("default")
    assert f"said <bdi>API key {key.id}</bdi>" in signed_in(site).get(scan).text


@pytest.mark.parametrize("role", Role)
def test_whoever_may_not_send_sees_reviews_and_no_form(site: Desk, scan: str, role: Role) -> None:
    make(site, role=role)
    browser = signed_in(site)
    page = browser.get(scan).text
    may = role is not Role.VIEWER
    assert ('name="judgement"' in page) is may
    assert "Nobody has reviewed this file yet." in page
    answer = browser.post(f"{scan}/reviews", judgement="genuine", note="")
    assert answer.status_code == (303 if may else 403)
    assert len(kept(site, scan)) == may


def test_another_tenants_scan_cannot_be_reviewed(site: Desk, scan: str) -> None:
    make(site, "theirs", tenant="other")
    answer = signed_in(site, "theirs").post(f"{scan}/reviews", judgement="genuine", note="")
    assert answer.status_code == 404
    assert kept(site, scan) == []


def test_a_service_of_ones_own_has_the_form_without_a_session(site: Desk, scan: str) -> None:
    browser = Browser(site)
    assert 'name="judgement"' in browser.get(scan).text
    answer = browser.client.post(f"{scan}/reviews", data={"judgement": "genuine", "note": ""})
    assert answer.status_code == 303
    assert "said <bdi>somebody at this service</bdi>" in browser.get(scan).text


def test_a_session_that_ran_out_loses_no_text(site: Desk, scan: str) -> None:
    person = make(site)
    browser = signed_in(site)
    token = browser.token()
    (session,) = site.people.sessions.of(person.id)
    site.people.sessions.end(session)
    form = {"csrf": token, "judgement": "manipulated", "note": NOTE}
    answer = browser.client.post(f"{scan}/reviews", data=form)
    assert answer.status_code == 401
    assert "Your session has ended, so nothing was saved" in answer.text
    assert text_typed(answer.text) == NOTE
    assert re.search(r'value="manipulated" required checked', answer.text)
    assert kept(site, scan) == []

    browser.sign_in()  # in another tab; then the page that was kept is sent
    again = browser.client.post(f"{scan}/reviews", data={"judgement": "manipulated", "note": NOTE})
    assert again.status_code == 403
    assert "You have signed in again" in again.text
    assert text_typed(again.text) == NOTE
    (fresh,) = re.findall(r'name="csrf" value="([^"]+)"', again.text.split("<textarea")[0])[-1:]
    final = browser.client.post(f"{scan}/reviews", data={**form, "csrf": fresh})
    assert final.status_code == 303
    assert [note for _, note, _ in kept(site, scan)] == [NOTE]


@pytest.mark.parametrize(
    ("judgement", "note", "sentence"),
    [
        pytest.param("", "kept", "Choose what you came to.", id="nothing chosen"),
        pytest.param("fake", "kept", "Choose what you came to.", id="no such word"),
        pytest.param("genuine", "x" * 2001, "at most 2000 characters", id="too long"),
        pytest.param("genuine", "a\x07b", "no control characters", id="control characters"),
    ],
)
def test_what_cannot_be_kept_is_shown_again_with_the_reason(
    site: Desk, scan: str, judgement: str, note: str, sentence: str
) -> None:
    make(site)
    answer = signed_in(site).post(f"{scan}/reviews", judgement=judgement, note=note)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert text_typed(answer.text) == note
    assert kept(site, scan) == []


def test_a_note_of_the_full_length_fits_in_any_script(site: Desk, scan: str) -> None:
    make(site)
    browser = signed_in(site)
    note = "\u624b" * 2000
    assert browser.post(f"{scan}/reviews", judgement="genuine", note=note).status_code == 303
    assert kept(site, scan)[0][1] == note


def test_a_scan_without_a_report_cannot_be_reviewed(site: Desk) -> None:
    make(site)
    scan_id = site.send(PHOTO, headers=site.bearer(Scope.SCANS_WRITE))
    browser = signed_in(site)
    assert 'name="judgement"' not in browser.get(f"/scans/{scan_id}").text
    answer = browser.post(f"/scans/{scan_id}/reviews", judgement="genuine", note="")
    assert answer.status_code == 409
