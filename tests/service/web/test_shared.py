"""Links that show one report to others: what they show, for how long, and what they never do."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from provenance.consistency.catalogue import trace
from provenance.declared import Stated, StatedIn, Topic
from provenance.result import (
    Action,
    Check,
    Identity,
    IdentityStatus,
    Ingredient,
    Integrity,
    Origin,
    Provenance,
    SignedFact,
    UsageRule,
)
from provenance.statuses import StatusClass
from service.access.door import Door
from service.db.desk_tables import LinkRow
from service.language.figures import unbroken
from service.reporting.discreet import discreet
from service.reporting.report import Report, Reused
from service.reporting.signature import verify
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
    scan_id = site.send(PHOTO, "square.jpg")
    site.work()
    return scan_id


def link(browser: Browser, scan: str, **fields: str) -> str:
    page = browser.post(f"/scans/{scan}/links", days="7", **fields).text
    (found,) = re.findall(r"<code>http://localhost(/shared/[^<]+)</code>", page)
    return str(found)


def test_a_link_shows_one_report_to_a_stranger_and_nothing_of_the_desk(
    site: Desk, scan: str
) -> None:
    other = site.send(PHOTO, "other.jpg")
    make(site)
    browser, stranger = signed_in(site), Browser(site)
    browser.post(f"/scans/{scan}/notes", text="between us")
    browser.post(f"/scans/{scan}/reviews", judgement="unclear", note="and us")
    address = link(browser, scan, author_and_place="yes")
    page = stranger.get(address)
    assert page.status_code == 200
    assert unbroken(reports.likely_synthetic().headline) in page.text
    for secret in ("between us", "and us", "ines", other, "other.jpg", f"/scans/{scan}", "<form"):
        assert secret not in page.text
    assert page.headers["x-robots-tag"].startswith("noindex")
    assert page.headers["referrer-policy"] == "no-referrer"
    assert stranger.get(f"{address}/preview").content == PHOTO
    document, signature = (stranger.get(f"{address}/{it}") for it in ("report", "signature"))
    verify(document.content, signature.text, site.scans.public_keys())
    assert stranger.get(f"/scans/{scan}").status_code == 303
    assert "whoever had link" in browser.get(f"/scans/{scan}").text


def test_only_a_hash_of_the_secret_is_kept(site: Desk, scan: str) -> None:
    secret = link(Browser(site), scan).rpartition("/")[2]
    with site.database.read() as session:
        (row,) = session.scalars(select(LinkRow))
    assert secret not in {str(value) for value in vars(row).values()}
    listed = site.client.get(f"/v1/scans/{scan}/links").json()["items"]
    assert [item["id"] for item in listed] == [row.id]
    assert secret not in str(listed)


@pytest.mark.parametrize("part", ["", "/preview", "/report", "/signature"])
def test_a_link_that_ended_says_so_and_shows_nothing(site: Desk, scan: str, part: str) -> None:
    browser = Browser(site)
    taken_back, expired = link(browser, scan), link(browser, scan)
    site.scans.team.revoke(site.scans.team.links(scan, limit=9)[1].id)
    with site.database.write() as session:
        for row in session.scalars(select(LinkRow).where(LinkRow.revoked_at.is_(None))):
            row.expires_at -= timedelta(days=8)
    for address, status, sentence in (
        (expired, 410, "This link has expired"),
        (taken_back, 410, "This link was taken back"),
        (f"/shared/{'x' * 43}", 404, "This link leads nowhere"),
    ):
        answer = browser.get(f"{address}{part}")
        assert (answer.status_code, sentence in answer.text) == (status, True)
        assert answer.headers["x-robots-tag"].startswith("noindex")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "square.jpg" not in answer.text


def test_a_suspended_tenant_shows_nothing_by_its_links(site: Desk, scan: str) -> None:
    address = link(Browser(site), scan)
    site.people.tenants.suspend("default")
    assert Browser(site).get(address).status_code == 403


def test_a_report_that_repeats_another_scan_does_not_name_it(tmp_path: Path, scan: str) -> None:
    made = reports.likely_synthetic()
    reused = Reused(scan=scan, analysed_at=made.analysed_at)
    repeated = made.model_copy(update={"reused": reused})
    site = desk(tmp_path / "again", StandIn(lambda: repeated), door=Door.ALONE)
    again = site.send(PHOTO)
    site.work()
    assert scan in Browser(site).get(f"/scans/{again}").text
    address = link(Browser(site), again, author_and_place="yes")
    page, document = (Browser(site).get(f"{address}{it}") for it in ("", "/report"))
    assert (page.status_code, document.status_code) == (200, 200)
    assert scan not in page.text + document.text
    assert Browser(site).get(f"{address}/signature").status_code == 404
    assert "repeats an earlier analysis" in page.text
    assert any("earlier analysis" in it for it in document.json()["provenance"]["warnings"])


def told_all() -> Report:
    """A report whose file names its author and where it was made wherever a file can."""
    made = reports.stating()
    found = made.provenance
    assert found is not None
    signed = (
        SignedFact(assertion="stds.exif", name="exif:GPSLatitude", value="48,51.462N"),
        SignedFact(assertion="stds.schema-org", name="author.name", value="Vera Source"),
    )
    top, *others = found.manifests
    (person,) = (Identity(kind="cawg.x509.cose", status=IdentityStatus.TRUSTED, name="Vera S."),)
    done = Action(name="c2pa.edited", description="Cropped by Vera Source", parameters=("x: 1",))
    part = Ingredient(title="Vera Source, original.jpg")
    top = top.model_copy(
        update={
            "facts": signed,
            "identities": (person,),
            "actions": (done,),
            "ingredients": (part,),
        }
    )
    town = Stated(topic=Topic.NAMED_PLACE, by=StatedIn.IPTC, where="City", value="Sometown")
    rights = Stated(topic=Topic.RIGHTS, by=StatedIn.EXIF, where="Copyright", value="(c) V. Source")
    where = trace("position.impossible", "EXIF states a latitude of 99° 0 min 0 s.")
    found = found.model_copy(
        update={
            "manifests": (top, *others),
            "stated": (*found.stated, town, rights),
            "markers": (reports.marker(excerpt="shot by Vera in Sometown"),),
            "traces": (where,),
        }
    )
    original = reports.match(found)
    return made.model_copy(update={"provenance": found, "matches": (original,)})


SECRETS = (
    *("Vera", "V. Source", "A. Person", "Sometown", "48.85", "48,51", "33.86", "151.2", "99°"),
    *("الميدان", "GPSLatitude", "author.name"),
)


def test_a_link_shows_author_and_place_only_where_its_maker_chose_so(tmp_path: Path) -> None:
    site = desk(tmp_path, StandIn(told_all, preview=PHOTO), door=Door.ALONE)
    scan = site.send(PHOTO)
    site.work()
    assert "are left out" in Browser(site).get(f"/scans/{scan}").text
    without = link(Browser(site), scan)
    chosen = link(Browser(site), scan, author_and_place="yes")
    stranger = Browser(site)
    page, document = stranger.get(without), stranger.get(f"{without}/report")
    for said in SECRETS:
        assert said in stranger.get(chosen).text + stranger.get(f"{chosen}/report").text
        assert said not in page.text + document.text
    assert "left out who made the file and where" in page.text
    assert '<svg viewBox="0 0 360 180"' not in page.text
    assert "Example Camera 12" in page.text
    assert any("left out" in it for it in document.json()["provenance"]["warnings"])
    assert Report.model_validate_json(document.text).verdict is told_all().verdict
    assert f"{without}/signature" not in page.text
    assert stranger.get(f"{without}/signature").status_code == 404
    links = site.client.get(f"/v1/scans/{scan}/links").json()["items"]
    assert {item["author_and_place"] for item in links} == {True, False}


def test_the_api_leaves_author_and_place_out_of_a_link_unless_asked(site: Desk, scan: str) -> None:
    answers = [
        site.client.post(f"/v1/scans/{scan}/links", json=asked).json()
        for asked in ({}, {"author_and_place": True})
    ]
    assert [it["author_and_place"] for it in answers] == [False, True]


def with_texts(origin: Origin = Origin.CAPTURED) -> Provenance:
    """Intact credentials with free texts in every field that takes one, and a failed ingredient."""
    found = reports.credentials(origin=origin, ancestor=Integrity.ASSET_MISMATCH)
    top, below = found.manifests
    failed = Check(code="assertion.dataHash.mismatch", status=StatusClass.BROKEN_BEFORE)
    done = Action(
        name="c2pa.color_adjustments",
        agent="Darkroom 4.1",
        description="Sky darkened at Elm Street",
        reason="Asked for by the Elm Street family",
        parameters=("Elm Street: 12",),
    )
    top = top.model_copy(
        update={
            "title": "House of the witness, 12 Elm Street",
            "ingredients": (Ingredient(title="Elm Street, raw.jpg", failures=(failed,)),),
            "actions": (done,),
            "usage_rules": (
                UsageRule(
                    purpose="cawg.data_mining", use="constrained", constraint="Ask Elm Street"
                ),
            ),
        }
    )
    person = SignedFact(assertion="cawg.metadata", name="dc:creator", value="Vera Source & Kim Poe")
    below = below.model_copy(update={"title": "Elm Street at night", "facts": (person,)})
    return found.model_copy(
        update={
            "manifests": (top, below),
            "fault": StatusClass.BROKEN_BEFORE,
            "chain_failures": (
                "Elm Street, raw.jpg: assertion.dataHash.mismatch: it differs",
                "Elm Street, raw…",
            ),
            "traces": (
                trace(
                    "time.zone", "EXIF states the time zone +01:00, 7 hours from its position's."
                ),
                trace(
                    "time.invalid", "EXIF says that it was taken at Kim Poe, which is not a date."
                ),
                trace("time.future", "EXIF says that it was taken on 2031-01-01."),
            ),
        }
    )


def test_no_free_text_of_credentials_is_left_in_a_discreet_report() -> None:
    said = ("Elm Street", "time zone", "+01:00", "Kim Poe")
    whole = reports.report(provenance=with_texts())
    statement = next(it.statement for it in whole.evidence if it.id == "credentials")
    assert "“Elm Street, raw.jpg”" in statement
    left = discreet(whole)
    for secret in said:
        assert secret in whole.model_dump_json()
        assert secret not in left.model_dump_json()
    for kept in ("c2pa.color_adjustments", "Darkroom 4.1", reports.SIGNER_NAME, "2031-01-01"):
        assert kept in left.model_dump_json()
    assert left.verdict is whole.verdict
    assert [it.id for it in left.evidence] == [it.id for it in whole.evidence]
    assert left.provenance is not None
    assert left.provenance.chain_failures[0] == "…: assertion.dataHash.mismatch: it differs"
    assert "EXIF says that it was taken at …, which is not a date." in left.model_dump_json()


def test_files_of_the_index_are_not_named_in_a_discreet_report() -> None:
    whole = reports.report(matches=(reports.match(with_texts(Origin.AI_GENERATED)),))
    (statement,) = (it.statement for it in whole.evidence if it.id == "recovered.0")
    assert "“original.jpg”" in statement
    assert "“Elm Street, raw.jpg”" in statement
    left = discreet(whole)
    assert "original.jpg" in whole.model_dump_json()
    for secret in ("original.jpg", "Elm Street", "Kim Poe"):
        assert secret not in left.model_dump_json()
    assert left.matches[0].original.sha256 == whole.matches[0].original.sha256
