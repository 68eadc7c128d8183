"""The list of scans: what it is searched by, and what is done with several of them."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from service.access.door import Door
from service.access.principal import Role, Scope
from service.reporting.receipt import Item
from service.reporting.signature import verify
from tests import media
from tests.service import reports
from tests.service.web.browsing import Browser, make, signed_in
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))


@pytest.fixture
def site(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO), door=Door.ALONE)


def names(page: str) -> list[str]:
    return re.findall(r'<td class="file"><a href="[^"]+"><bdi>([^<]*)', page)


def ids(site: Desk) -> list[str]:
    return [scan.id for scan in site.scans.list().items]


def test_the_list_finds_names_in_any_case_signers_reviews_and_digests(site: Desk) -> None:
    first, second = site.send(PHOTO, "Grüße.jpg"), site.send(media.jpeg(media.photo_like(64, 64)))
    site.work()
    site.client.post(f"/v1/scans/{second}/reviews", json={"judgement": "unclear", "note": "Hände"})
    digest = site.scans.get(first).sha256
    browser = Browser(site)
    for query, found in (
        ("q=GRÜSSE", []),
        ("q=GRÜßE+.jp", ["Grüße.jpg"]),
        ("q=ha%CC%88nde", ["photo.jpg"]),
        (f"q={digest[:12]}", ["Grüße.jpg"]),
        (f"q={reports.SIGNER_NAME}&sort=name", ["Grüße.jpg", "photo.jpg"]),
        ("reviewed=true&verdict=&kind=&sender=&reference=&since=&until=", ["photo.jpg"]),
        ("until=1999-12-31", []),
        ("since=1999-12-31&until=9999-12-31&sort=oldest", ["Grüße.jpg", "photo.jpg"]),
    ):
        assert names(browser.get(f"/scans?{query}").text) == found, query
    assert browser.get("/scans?q=a%00b").status_code == 422


def test_the_api_lists_by_the_same_words_and_says_who_sent_a_scan(site: Desk) -> None:
    headers = site.bearer(Scope.SCANS_READ, Scope.SCANS_WRITE)
    kept = [site.send(PHOTO, name, headers) for name in ("b.jpg", "a.jpg", "c.png")]

    def found(query: str) -> list[str]:
        answer = site.client.get(f"/v1/scans?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert found("q=jpg&sort=name") == [kept[1], kept[0]]
    (key,) = site.keyring.list("default")
    assert site.scans.get(kept[0]).sender == f"key:{key.id}"
    assert found(f"sender=key:{key.id}&sort=oldest") == kept
    assert found("sender=local") == found("sender=key:nobody") == []
    assert found("assignee=account:nobody") == []
    for nobody in ("sender=nobody", "assignee=key:1", "assignee=local"):
        answer = site.client.get(f"/v1/scans?{nobody}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert found("reviewed=true") == []
    assert site.client.get("/v1/scans?sort=size", headers=headers).status_code == 422
    first = site.client.get("/v1/scans?sort=name&limit=2", headers=headers).json()
    assert found(f"sort=name&limit=2&cursor={first['next']}") == [kept[2]]
    crossed = site.client.get(f"/v1/scans?limit=2&cursor={first['next']}", headers=headers)
    assert crossed.json()["code"] == "cursor_invalid"


def test_a_line_of_the_list_has_a_small_picture(site: Desk) -> None:
    scan_id = site.send(PHOTO)
    assert "/thumbnail" not in Browser(site).get("/scans").text
    assert site.client.get(f"/v1/scans/{scan_id}/thumbnail").json()["code"] == "preview_not_found"
    site.work()
    assert f"/v1/scans/{scan_id}/thumbnail" in Browser(site).get("/scans").text
    answer = site.client.get(f"/v1/scans/{scan_id}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (144, 108)


def test_a_table_of_those_that_are_ticked_holds_no_formula(site: Desk) -> None:
    for name in ("=HYPERLINK(1).jpg", "b.jpg", "c.jpg"):
        site.send(PHOTO, name)
    site.work()
    third, _, first = ids(site)
    form = {"scan": [first, third], "form": "csv"}
    answer = Browser(site).client.post("/selected/export", data=form)
    assert answer.headers["content-disposition"] == 'attachment; filename="scans.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1).jpg", "c.jpg"]
    assert [(row["id"], row["verdict"]) for row in rows] == [
        (first, "verified_ai"),
        (third, "verified_ai"),
    ]


def test_reports_are_saved_together_as_they_were_signed(site: Desk) -> None:
    done = site.send(PHOTO)
    site.work()
    waiting = site.send(PHOTO)
    browser = Browser(site)
    form = {"scan": [done, waiting], "form": "zip"}
    packed = zipfile.ZipFile(io.BytesIO(browser.client.post("/selected/export", data=form).content))
    assert sorted(packed.namelist()) == sorted(
        ["scans.csv", "keys.json", f"{done}.json", f"{done}.jws"]
    )
    keys = json.loads(packed.read("keys.json"))
    verify(packed.read(f"{done}.json"), packed.read(f"{done}.jws").decode(), keys)
    lines = browser.client.post("/selected/export", data=form | {"form": "ndjson"}).text
    first, second = map(json.loads, lines.splitlines())
    assert (first["scan"], first["report"]["verdict"]) == (done, "verified_ai")
    assert second == {"scan": waiting, "report": None, "why": "report_not_ready"}


def test_several_are_deleted_after_a_question_each_with_its_receipt(site: Desk) -> None:
    make(site)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        site.send(PHOTO, name, site.bearer(Scope.SCANS_WRITE))
    site.work()
    kept, *gone = ids(site)
    browser = signed_in(site)
    form = {"csrf": browser.token(), "scan": gone, "form": ""}
    asked = browser.client.post("/selected/delete", data=form)
    assert "Delete 2 scans?" in asked.text
    assert len(ids(site)) == 3
    deleted = browser.client.post("/selected/delete", data=form | {"sure": "yes"})
    assert ids(site) == [kept]
    for scan_id in gone:
        assert f"/v1/scans/{scan_id}/receipts" in deleted.text
        removed = {item.item for item in site.scans.receipt(scan_id).receipt.removed}
        assert {Item.FILE, Item.REPORT, Item.RECORD} <= removed
    again = browser.client.post("/selected/delete", data=form | {"sure": "yes"})
    assert again.status_code == 404


def test_nothing_ticked_and_too_much_ticked_are_said_in_a_sentence(site: Desk) -> None:
    browser = Browser(site)
    for many in (0, 101):
        form = {"form": "csv", "scan": [f"{n:026}" for n in range(many)]}
        answer = browser.client.post("/selected/export", data=form)
        assert answer.status_code == 422
        assert "First tick 1 to 100 scans in the list." in answer.text


def test_two_are_compared(site: Desk) -> None:
    first, second = site.send(PHOTO), site.send(PHOTO)
    browser = Browser(site)
    assert "Compare two" in browser.get("/scans").text
    form = {"form": "", "scan": [first, second]}
    answer = browser.client.post("/selected/compare", data=form)
    assert answer.headers["location"] == f"/compare?a={first}&b={second}"
    one = browser.client.post("/selected/compare", data={"form": "", "scan": first})
    assert "exactly two" in one.text


def test_whoever_may_only_read_saves_but_does_not_delete(site: Desk) -> None:
    make(site, role=Role.VIEWER)
    scan_id = site.send(PHOTO, headers=site.bearer(Scope.SCANS_WRITE))
    browser = signed_in(site)
    page = browser.get("/scans").text
    assert "Save a table" in page
    assert "/selected/delete" not in page
    assert browser.post("/selected/export", scan=scan_id, form="csv").status_code == 200
    assert browser.post("/selected/delete", scan=scan_id, sure="yes").status_code == 403
    assert ids(site) == [scan_id]
