"""Working together on a report: notes, whom it is left to, links, and who looked."""

import html
import re
from pathlib import Path

import pytest

from service.access.door import Door
from service.access.principal import Role, Scope
from service.reporting.receipt import Item
from tests import media
from tests.service import reports
from tests.service.web.browsing import Browser, make, signed_in
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))


@pytest.fixture
def site(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.likely_synthetic, preview=PHOTO), door=Door.ALONE)


@pytest.fixture
def scan(site: Desk) -> str:
    scan_id = site.send(PHOTO)
    site.work()
    return f"/scans/{scan_id}"


def notes(site: Desk, scan: str) -> list[tuple[str, int]]:
    found = site.scans.team.notes(scan.removeprefix("/scans/"), limit=20)
    return [(note.text, note.version) for note in found]


def typed(page: str) -> str:
    (found,) = re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    return html.unescape(found)


def address_in(page: str) -> str:
    (found,) = re.findall(r"<code>(http[^<]+/shared/[^<]+)</code>", page)
    return str(found)


def test_a_note_is_kept_with_author_and_time_and_found_in_the_list(site: Desk, scan: str) -> None:
    make(site)
    browser = signed_in(site)
    answer = browser.post(f"{scan}/notes", text=" Asked <Zoë>\r\nfor the original ")
    assert answer.headers["location"] == f"{scan}#together"
    assert notes(site, scan) == [("Asked <Zoë>\nfor the original", 1)]
    page = browser.get(scan).text
    assert "Asked &lt;Zoë&gt;" in page
    assert re.search(r"<bdi>ines</bdi>, <time datetime=", page)
    assert scan in browser.get("/scans?q=ORIGINAL+zoë").text
    assert scan not in browser.get("/scans?q=nowhere").text


def test_of_two_who_change_a_note_the_slower_is_told_and_both_texts_stay(
    site: Desk, scan: str
) -> None:
    make(site)
    make(site, "joao")
    ines, joao = signed_in(site), signed_in(site, "joao")
    ines.post(f"{scan}/notes", text="first")
    (path,) = re.findall(r'href="(/notes/\d+)"', ines.get(scan).text)
    assert typed(joao.get(path).text) == "first"
    assert ines.post(path, text="hers", version="1").status_code == 303
    told = joao.post(path, text="his", version="1")
    assert told.status_code == 409
    assert "Somebody changed this note while you wrote" in told.text
    assert '<p class="typed"><bdi>hers</bdi></p>' in told.text
    assert typed(told.text) == "his"
    assert notes(site, scan) == [("hers", 2)]
    assert joao.post(f"{scan}/notes", text="his", version="2").status_code == 303
    assert notes(site, scan) == [("his", 1), ("hers", 2)]
    assert "changed by <bdi>ines</bdi>" in joao.get(scan).text


def test_a_session_that_ran_out_loses_no_note(site: Desk, scan: str) -> None:
    person = make(site)
    browser = signed_in(site)
    form = {"csrf": browser.token(), "text": "half an hour's work", "version": ""}
    (session,) = site.people.sessions.of(person.id)
    site.people.sessions.end(session)
    kept = browser.client.post(f"{scan}/notes", data=form)
    assert (kept.status_code, typed(kept.text)) == (401, "half an hour's work")
    assert "Your session has ended" in kept.text
    browser.sign_in()
    anew = browser.client.post(f"{scan}/notes", data=form)
    assert (anew.status_code, typed(anew.text)) == (403, "half an hour's work")
    assert f'action="{scan}/notes"' in anew.text
    assert browser.post(f"{scan}/notes", text=typed(anew.text)).status_code == 303
    assert notes(site, scan) == [("half an hour's work", 1)]


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, "a\x07b"])
def test_a_note_that_cannot_be_kept_is_shown_again(site: Desk, scan: str, text: str) -> None:
    answer = Browser(site).client.post(f"{scan}/notes", data={"text": text})
    assert answer.status_code == 422
    assert "A note has 1 to 2000 characters" in answer.text
    assert notes(site, scan) == []


def test_a_scan_is_left_to_somebody_of_the_tenant_and_the_list_can_be_asked_for_it(
    site: Desk, scan: str
) -> None:
    person, stranger = make(site), make(site, "theirs", tenant="other")
    browser = signed_in(site)
    assert ">theirs</option>" not in browser.get(scan).text
    browser.post(f"{scan}/assignee", assignee=f"account:{person.id}")
    mine = f"/scans?assignee=account:{person.id}&reviewed=false"
    page = browser.get(mine).text
    assert scan in page
    assert "left to <bdi>ines</bdi>" in page
    empty = browser.get("/scans?assignee=account:nobody&sender=key:one").text
    assert scan not in empty
    for chosen in ("account:nobody", "key:one"):  # the form says what was asked for
        assert f'<option value="{chosen}" selected>' in empty
    assert "theirs" not in browser.get(f"/scans?sender=account:{stranger.id}").text
    for nobody in (f"account:{stranger.id}", "account:nobody", "key:1"):
        assert browser.post(f"{scan}/assignee", assignee=nobody).status_code == 422
    headers = site.bearer(Scope.SCANS_WRITE)
    answer = site.client.put(f"/v1{scan}/assignee", json={"assignee": None}, headers=headers)
    assert answer.json()["assignee"] is None


def test_the_history_says_who_looked_and_what_was_done_by_ids_alone(site: Desk, scan: str) -> None:
    make(site)
    make(site, "joao")
    ines, joao = signed_in(site), signed_in(site, "joao")
    for _ in range(2):
        joao.get(scan)
    ines.post(f"{scan}/notes", text="secret words")
    ines.post(f"{scan}/reviews", judgement="unclear", note="more of them")
    page = ines.get(scan).text
    listed = re.findall(r"</time> <bdi>(\w+)</bdi> ([^<]+)</li>", page)
    assert listed[:3] == [
        ("ines", "looked at the report"),
        ("ines", "reviewed it"),
        ("ines", "wrote a note"),
    ]
    assert listed.count(("joao", "looked at the report")) == 1
    site.scans.reconcile()
    lines = [str(line) for line in site.scans.log(of=f"scan:{scan.removeprefix('/scans/')}")]
    assert len(lines) >= 5
    assert not [line for line in lines if "secret" in line or "joao" in line]


def test_whoever_may_only_read_sees_notes_and_changes_nothing(site: Desk, scan: str) -> None:
    make(site, role=Role.VIEWER)
    browser = signed_in(site)
    page = browser.get(scan).text
    assert "Working together" in page
    assert "Make a link" not in page
    for path, form in (
        ("notes", {"text": "a"}),
        ("links", {"days": "7"}),
        ("assignee", {"assignee": ""}),
    ):
        assert browser.post(f"{scan}/{path}", **form).status_code == 403


def test_a_deleted_scan_takes_its_notes_and_links_along_and_the_receipt_names_them(
    site: Desk, scan: str
) -> None:
    browser, scan_id = Browser(site), scan.removeprefix("/scans/")
    browser.client.post(f"{scan}/notes", data={"text": "one"})
    browser.client.post(f"{scan}/notes", data={"text": "two"})
    address = address_in(browser.client.post(f"{scan}/links", data={"days": "7"}).text)
    receipt = site.scans.delete(scan_id).receipt
    removed = {item.item: item.count for item in receipt.removed}
    assert (removed[Item.NOTE], removed[Item.LINK]) == (2, 1)
    assert site.scans.team.notes(scan_id, limit=1) == ()
    assert browser.get(address).status_code == 404
