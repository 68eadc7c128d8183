"""Bytes, previews, reports and index entries each go in their own time, with a receipt of each."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from detectors.base import Image
from provenance.similarity.store import FILE
from service.analysis.media_index import described
from service.analysis.pipeline import Analysis
from service.analysis.progress import Listener
from service.analysis.source import Source
from service.client import verify_report
from service.db.engine import Database
from service.db.lifecycle import Judgement, Scan, State
from service.db.retention_lifecycle import OwnRetention, Part
from service.db.trail import TrailRows
from service.errors import InvalidRequest, ReportGone, ScanExpired, ScanNotFound
from service.reporting.receipt import Because, Item, SignedReceipt
from service.reporting.report import Profile
from service.scans.index_entries import IndexEntries
from service.scans.queue import Broker
from service.scans.retention import parts_in
from tests.media import photo_like
from tests.service.office import PICTURE, POLICY, Engine, Office, office

APART: Final = {"bytes": "1d", "previews": "2d", "index_entries": "3d", "reports": "4d"}
NAME: Final = "unmistakable-name-of-a-source.jpg"


class Describing(Engine):
    """An engine that has seen a picture, of which a preview and a description remain."""

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis:
        found = super().analyse(source, profile=profile, progress=progress)
        prepared = described(Image(pixels=photo_like(320, 240), container="jpeg"))
        report = found.report
        named = report.subject.model_copy(update={"name": source.name})
        return Analysis(
            report.model_copy(update={"subject": named}), b"a picture", prepared, found.pins
        )


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    made = office(database, tmp_path / "blobs", broker)
    known = IndexEntries(tmp_path / "index", adds=True)
    made.scans = made.beside(pipeline=Describing(), known=known)
    return made


def keep(desk: Office, parts: Mapping[str, str], *, zero: bool = False) -> None:
    desk.scans.retention.put(OwnRetention(parts=parts_in(parts), zero=zero))


def items(signed: SignedReceipt) -> set[Item]:
    return {one.item for one in signed.receipt.removed}


def deleted(desk: Office, scan: Scan) -> list[set[Item]]:
    return [items(signed) for signed in desk.scans.receipts(scan.id)]


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_each_part_goes_in_its_own_time_and_the_rest_stays(desk: Office, tmp_path: Path) -> None:
    keep(desk, APART)
    scan = desk.done(NAME)
    index, blobs = tmp_path / "index", tmp_path / "blobs"
    assert scan.expires_at == scan.created_at + timedelta(days=4)
    assert desk.scans.receipts(scan.id) == ()

    desk.clock.move(days=1, seconds=1)
    assert desk.scans.reconcile().expired == 1
    assert PICTURE not in everything(blobs)
    assert desk.scans.preview(scan.id) == b"a picture"
    assert desk.scans.report(scan.id).verdict == scan.verdict

    desk.clock.move(days=1)
    desk.scans.reconcile()
    assert desk.scans.preview(scan.id) is None
    assert desk.blobs() == 0
    assert NAME.encode() in everything(index)

    desk.clock.move(days=1)
    desk.scans.reconcile()
    assert NAME.encode() not in everything(index)
    kept = desk.scans.get(scan.id)
    assert (kept.state, kept.name, kept.verdict) == (State.DONE, NAME, scan.verdict)
    assert set(kept.gone) == {Part.BYTES, Part.PREVIEWS, Part.INDEX_ENTRIES}

    desk.clock.move(days=1)
    desk.scans.reconcile()
    with pytest.raises(ScanExpired):
        desk.scans.report(scan.id)
    assert NAME.encode() not in everything(tmp_path)
    assert deleted(desk, scan) == [
        {Item.FILE},
        {Item.PREVIEW},
        {Item.INDEX_ENTRY},
        {Item.RECORD, Item.REPORT},
    ]
    assert desk.scans.reconcile().expired == 0


def test_every_receipt_verifies_and_says_what_it_is_about(desk: Office) -> None:
    keep(desk, APART)
    scan = desk.done()
    for _ in range(4):
        desk.clock.move(days=1, seconds=1)
        desk.scans.reconcile()
    found = desk.scans.receipts(scan.id)
    assert len(found) == 4
    for signed in found:
        document = signed.receipt.model_dump_json()
        assert verify_report(document, signed.signature, desk.signer.public())
        assert signed.receipt.because is Because.RETENTION
        assert signed.receipt.actor == "service"
    (file,) = found[0].receipt.removed
    assert (file.sha256, file.size) == (scan.sha256, len(PICTURE))
    assert desk.scans.receipt(scan.id) == found[-1]


def test_a_report_that_goes_first_leaves_the_file_and_says_so(desk: Office) -> None:
    keep(desk, {"reports": "1d", "bytes": "forever"})
    scan = desk.done(NAME)
    desk.scans.reviews.add(scan.id, Judgement.GENUINE, "seen it made", actor="account:1")
    desk.clock.move(days=1, seconds=1)
    desk.scans.reconcile()
    kept = desk.scans.get(scan.id)
    assert (kept.state, kept.verdict, kept.review, kept.name) == (State.DONE, None, None, NAME)
    with pytest.raises(ReportGone):
        desk.scans.report(scan.id)
    assert PICTURE in everything(desk.folder)
    assert deleted(desk, scan) == [{Item.REPORT, Item.REVIEW}]


def test_what_a_tenant_says_holds_for_what_is_there_already(desk: Office) -> None:
    scan = desk.done()
    desk.clock.move(hours=2)
    keep(desk, {"bytes": "1h"})
    assert PICTURE in everything(desk.folder)
    desk.clock.move(seconds=1)
    desk.scans.reconcile()
    assert PICTURE not in everything(desk.folder)
    assert desk.scans.get(scan.id).expires_at == scan.expires_at


def test_a_longer_time_saves_what_was_about_to_go(desk: Office) -> None:
    scan = desk.done()
    desk.clock.move(days=6)
    keep(desk, dict.fromkeys(Part, "forever"))
    desk.clock.move(days=300)
    desk.scans.reconcile()
    assert desk.scans.report(scan.id)
    assert desk.scans.get(scan.id).expires_at is None
    assert PICTURE in everything(desk.folder)


def test_a_change_that_lay_unseen_for_long_is_not_taken_for_a_clock_that_was_set(
    desk: Office,
) -> None:
    scan = desk.done()
    keep(desk, {"bytes": "1d"})
    desk.clock.move(days=3)
    assert not desk.scans.overdue().held
    desk.scans.reconcile()
    assert desk.scans.get(scan.id).gone == (Part.BYTES,)


def test_other_tenants_are_not_concerned(desk: Office) -> None:
    keep(desk, {"bytes": "1h"})
    other = desk.scans.of("another")
    assert other.retention.own() == OwnRetention()
    desk.scans = other
    scan = desk.done()
    desk.clock.move(hours=2)
    desk.scans.reconcile()
    assert desk.scans.get(scan.id).gone == ()
    assert PICTURE in everything(desk.folder)


def test_settings_keep_parts_apart_for_tenants_that_say_nothing(desk: Office) -> None:
    policy = POLICY.__class__(
        upload_limits=POLICY.upload_limits,
        keep=timedelta(days=7),
        keep_apart={Part.BYTES: timedelta(hours=1), Part.REPORTS: None},
    )
    desk.scans = desk.beside(policy=policy)
    scan = desk.done()
    desk.clock.move(hours=1, seconds=1)
    desk.scans.reconcile()
    assert desk.scans.get(scan.id).gone == (Part.BYTES,)
    desk.clock.move(days=6, hours=23)
    desk.scans.reconcile()
    assert set(desk.scans.get(scan.id).gone) == {Part.BYTES, Part.PREVIEWS}
    assert desk.scans.report(scan.id)


def test_a_file_that_still_waits_is_kept_until_all_of_its_scan_is_due(desk: Office) -> None:
    keep(desk, {"bytes": "1h"})
    scan = desk.accept()
    desk.clock.move(hours=2)
    desk.scans.reconcile()
    assert PICTURE in everything(desk.folder)
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE
    assert PICTURE not in everything(desk.folder)
    waits = desk.accept()
    desk.clock.move(days=7, seconds=1)
    desk.scans.reconcile()
    assert desk.scans.get(waits.id).state is State.EXPIRED
    assert desk.blobs() == 0


def test_no_time_at_all_is_until_the_scan_ends(desk: Office, tmp_path: Path) -> None:
    keep(desk, {"bytes": "0d", "previews": "0d", "index_entries": "0d"})
    scan = desk.done(NAME)
    assert desk.scans.report(scan.id)
    assert desk.blobs() == 0
    assert not (tmp_path / "index" / FILE).exists()
    assert deleted(desk, scan) == [{Item.FILE}]


def test_a_deletion_takes_what_is_left_and_all_receipts_stay(desk: Office) -> None:
    keep(desk, {"bytes": "1h"})
    scan = desk.done()
    desk.clock.move(hours=1, seconds=1)
    desk.scans.reconcile()
    last = desk.scans.delete(scan.id)
    assert items(last) == {Item.RECORD, Item.PREVIEW, Item.REPORT, Item.INDEX_ENTRY}
    assert last.receipt.because is Because.REQUEST
    assert deleted(desk, scan) == [{Item.FILE}, items(last)]
    with pytest.raises(ScanNotFound):
        desk.scans.get(scan.id)
    with pytest.raises(ScanNotFound):
        desk.scans.of("another").receipts(scan.id)


def test_an_index_entry_that_another_scan_holds_stays_without_a_receipt(
    desk: Office, tmp_path: Path
) -> None:
    keep(desk, {"index_entries": "2h"})
    first = desk.done(NAME)
    desk.clock.move(hours=1)
    second = desk.done(NAME)
    desk.clock.move(hours=1, seconds=1)
    desk.scans.reconcile()
    assert NAME.encode() in everything(tmp_path / "index")
    assert deleted(desk, first) == []
    desk.clock.move(hours=1)
    desk.scans.reconcile()
    assert NAME.encode() not in everything(tmp_path / "index")
    assert deleted(desk, second) == [{Item.INDEX_ENTRY}]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"bytes": "-1d"}, "bytes: give a number"),
        ({"bytes": "1 week"}, "bytes: give a number"),
        ({"previews": "36501d"}, "the longest is 36500d"),
        ({"reports": "59m"}, "the least is 1h"),
        ({"byte": "1d"}, "did you mean bytes"),
    ],
)
def test_what_makes_no_sense_is_refused(said: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        parts_in(said)


def test_a_change_of_retention_is_in_the_audit_log(desk: Office) -> None:
    keep(desk, {"bytes": "1h"})
    scan = desk.done()
    desk.clock.move(hours=2)
    desk.scans.reconcile()
    desk.scans.reconcile()
    rows = TrailRows(desk.database)
    (change,) = rows.lines("default", object_="tenant:default")
    assert (change.deed, change.detail["bytes"]) == ("tenant.retention", "1h")
    lines = list(rows.lines("default", object_=f"scan:{scan.id}"))
    assert lines[-1].deed == "scan.reduced.retention"
    assert lines[-1].detail == {"parts": "bytes"}
