"""The same content is not analysed again where nothing could come out differently."""

import io
from pathlib import Path

import pytest

from service.db.engine import Database
from service.db.lifecycle import Scan, State
from service.reporting.report import NotChecked, Profile
from service.reporting.signature import verify
from service.scans.asked import Asked, Reuse
from service.scans.intake import receive_all
from service.scans.queue import Broker
from tests.service import reports
from tests.service.office import PICTURE, Office, office

PINS = "1" * 64


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    made = office(database, tmp_path / "blobs", broker)
    made.engine.pins = PINS
    made.scans.beat("w", ("image",), PINS)
    return made


def again(
    desk: Office,
    name: str = "again.jpg",
    *,
    reuse: Reuse = Reuse.ALLOWED,
    max_age: int | None = None,
    profile: Profile = Profile.FULL,
    tenant: str = "default",
) -> Scan:
    scans = desk.scans.of(tenant)
    received = receive_all(io.BytesIO(PICTURE), scans.receive(name))
    return scans.accept(received, profile=profile, asked=Asked(reuse=reuse, max_age=max_age))


def test_an_earlier_analysis_is_repeated_at_once_and_the_report_says_so(desk: Office) -> None:
    first = desk.done("first.jpg")
    desk.queue.sent.clear()
    scan = again(desk)
    assert (scan.state, scan.verdict) == (State.DONE, first.verdict)
    assert scan.id != first.id
    assert desk.queue.sent == []
    report, original = desk.scans.report(scan.id), desk.scans.report(first.id)
    assert report.reused is not None
    assert (report.reused.scan, report.reused.analysed_at) == (first.id, original.analysed_at)
    assert report.subject.name == "again.jpg"
    assert report.evidence == original.evidence
    assert original.reused is None
    verify(report.model_dump_json(), desk.scans.signature(scan.id), desk.scans.public_keys())
    assert desk.engine.seen == ["first.jpg"]


def test_each_scan_has_a_picture_and_a_file_of_its_own(desk: Office) -> None:
    first = desk.done()
    scan = again(desk)
    desk.scans.delete(first.id)
    assert desk.scans.preview(scan.id) == b"a picture"
    assert desk.blobs() == 2


def test_nothing_is_repeated_unless_somebody_asks_for_it(desk: Office) -> None:
    desk.done()
    assert again(desk, reuse=Reuse.NEVER).state is State.QUEUED
    assert desk.accept().state is State.QUEUED


def test_an_analysis_of_another_profile_or_tenant_is_not_repeated(desk: Office) -> None:
    desk.done()
    assert again(desk, profile=Profile.FAST).state is State.QUEUED
    assert again(desk, tenant="other").state is State.QUEUED


def test_an_analysis_that_is_too_old_is_not_repeated_not_even_by_way_of_a_younger_repetition(
    desk: Office,
) -> None:
    desk.done()
    desk.clock.move(seconds=20)
    assert again(desk, max_age=10).state is State.QUEUED
    assert again(desk, max_age=30).state is State.DONE
    assert again(desk, max_age=10).state is State.QUEUED


def test_other_engines_analyse_again(desk: Office) -> None:
    desk.done()
    desk.scans.beat("w", ("image",), "2" * 64)
    assert again(desk).state is State.QUEUED


@pytest.mark.parametrize("other", ["2" * 64, None])
def test_while_workers_differ_nothing_is_repeated(desk: Office, other: str | None) -> None:
    desk.done()
    desk.scans.beat("new", ("image", "audio"), other)
    assert again(desk).state is State.QUEUED
    desk.scans.leave("new")
    desk.scans.beat("elsewhere", ("audio",), other)
    assert again(desk).state is State.DONE


def test_without_a_worker_nobody_knows_what_would_come_out(desk: Office) -> None:
    desk.done()
    desk.clock.move(seconds=26)
    assert again(desk).state is State.QUEUED


def test_a_report_with_a_check_that_failed_is_not_repeated(desk: Office) -> None:
    failed = NotChecked(what="provenance", reason="provenance_failed", statement="It crashed.")
    desk.engine.make = lambda: reports.report(missing=(failed,))
    desk.done()
    assert again(desk).state is State.QUEUED


def test_a_name_that_tells_something_else_is_looked_at(desk: Office) -> None:
    desk.done("photo.jpg")
    assert again(desk, "photo.exe").state is State.QUEUED
    assert again(desk, "another.jpeg").state is State.DONE


def test_a_scan_whose_report_is_gone_is_not_repeated(desk: Office) -> None:
    desk.scans.delete(desk.done().id)
    assert again(desk).state is State.QUEUED
