"""The life of a scan when nothing dies; `test_scans_recovery` is about the rest."""

from datetime import timedelta
from pathlib import Path

import pytest

from detectors.errors import DecoderCrashed
from service.analysis.progress import Listener, Stage
from service.db.engine import Database
from service.db.lifecycle import SENTENCE_LENGTH, State, new_scan_id
from service.db.listing import Wanted
from service.errors import (
    OutOfTime,
    ReportNotReady,
    ScanExpired,
    ScanFailed,
    ScanNotFound,
    UnsupportedKind,
)
from service.reporting.report import Profile, Verdict
from service.scans.queue import Broker
from tests.service import reports
from tests.service.office import POLICY, Office, office


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def test_an_accepted_scan_waits_with_one_message_for_the_queue_of_its_kind(desk: Office) -> None:
    scan = desk.accept("a/b/photo.jpg")
    assert scan.state is State.QUEUED
    assert (scan.name, scan.media_type, scan.attempts) == ("photo.jpg", "image/jpeg", 0)
    assert scan.expires_at == scan.created_at + timedelta(days=7)
    assert desk.queue.sent == [(scan.id, "image")]
    assert desk.scans.get(scan.id) == scan


def test_provenance_alone_has_a_queue_of_its_own(desk: Office) -> None:
    scan = desk.accept(profile=Profile.PROVENANCE)
    assert desk.queue.sent == [(scan.id, "provenance")]


def test_a_scan_that_ran_has_its_report_and_its_picture(desk: Office) -> None:
    scan = desk.done()
    assert scan.state is State.DONE
    assert scan.verdict is Verdict.NO_SIGN_FOUND
    assert (scan.progress.stage, scan.progress.done) == (Stage.REPORT, 1.0)
    assert scan.finished_at is not None
    assert desk.scans.report(scan.id) == reports.no_sign_found()
    assert desk.scans.preview(scan.id) == b"a picture"


def test_a_scan_whose_media_has_no_picture_has_none(desk: Office) -> None:
    desk.engine.preview = None
    assert desk.scans.preview(desk.done().id) is None


def test_a_scan_runs_once_however_often_its_message_comes(desk: Office) -> None:
    scan = desk.done()
    desk.scans.run(scan.id, worker="w")
    assert desk.engine.seen == ["photo.jpg"]
    assert desk.scans.get(scan.id) == scan


def test_a_message_for_a_scan_that_is_gone_is_ignored(desk: Office) -> None:
    desk.scans.run(new_scan_id(desk.clock()), worker="w")
    assert desk.engine.seen == []


def test_a_waiting_scan_has_no_report_yet(desk: Office) -> None:
    scan = desk.accept()
    with pytest.raises(ReportNotReady):
        desk.scans.report(scan.id)
    assert desk.scans.preview(scan.id) is None


@pytest.mark.parametrize("error", [DecoderCrashed("the decoder died"), OutOfTime("too slow")])
def test_an_error_on_purpose_fails_the_scan_with_its_code(desk: Office, error: Exception) -> None:
    def fail(progress: Listener) -> None:
        raise error

    desk.engine.during = fail
    scan = desk.done()
    assert scan.state is State.FAILED
    assert scan.failure is not None
    assert scan.failure.code == error.code  # type: ignore[attr-defined]
    assert scan.failure.sentence == str(error)
    with pytest.raises(ScanFailed, match=scan.failure.code):
        desk.scans.report(scan.id)


def test_a_failure_may_quote_any_bytes(desk: Office) -> None:
    def fail(progress: Listener) -> None:
        raise DecoderCrashed("at \x00\udc80 " + "x" * 10_000)

    desk.engine.during = fail
    failure = desk.done().failure
    assert failure is not None
    assert failure.sentence.startswith("at ? xxx")
    assert len(failure.sentence) == SENTENCE_LENGTH


def test_bytes_that_changed_in_storage_are_not_reported_on(desk: Office) -> None:
    scan = desk.accept()
    (blob,) = desk.folder.glob("default/*/*")
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    desk.scans.run(scan.id, worker="w")
    failure = desk.scans.get(scan.id).failure
    assert failure is not None
    assert failure.code == "blob_changed"
    assert desk.engine.seen == []


def test_bytes_that_vanished_from_storage_fail_the_scan(desk: Office) -> None:
    scan = desk.accept()
    for blob in desk.folder.glob("default/*/*"):
        blob.unlink()
    desk.scans.run(scan.id, worker="w")
    failure = desk.scans.get(scan.id).failure
    assert failure is not None
    assert failure.code == "blob_missing"


def test_a_process_without_an_engine_refuses_to_run(desk: Office) -> None:
    scan = desk.accept()
    with pytest.raises(RuntimeError):
        desk.beside(pipeline=None).run(scan.id, worker="api")
    assert desk.scans.get(scan.id).state is State.QUEUED


def test_deleting_removes_scan_report_file_and_picture(desk: Office) -> None:
    scan = desk.done()
    assert desk.blobs() == 2
    desk.scans.delete(scan.id)
    assert desk.blobs() == 0
    for ask in (desk.scans.get, desk.scans.report, desk.scans.preview, desk.scans.delete):
        with pytest.raises(ScanNotFound):
            ask(scan.id)


def test_deleting_one_of_two_scans_of_the_same_file_leaves_the_other(desk: Office) -> None:
    first, second = desk.accept(), desk.accept()
    desk.scans.delete(first.id)
    desk.scans.run(second.id, worker="w")
    assert desk.scans.get(second.id).state is State.DONE


def test_deleting_a_waiting_scan_leaves_its_message_without_work(desk: Office) -> None:
    scan = desk.accept()
    desk.scans.delete(scan.id)
    desk.scans.run(scan.id, worker="w")
    assert desk.engine.seen == []


def test_deleting_a_running_scan_drops_what_comes_out_of_it(desk: Office) -> None:
    scan = desk.accept()
    desk.engine.during = lambda progress: desk.scans.delete(scan.id)
    desk.scans.run(scan.id, worker="w")
    assert desk.blobs() == 0
    with pytest.raises(ScanNotFound):
        desk.scans.get(scan.id)


def test_scans_are_listed_newest_first_page_by_page(desk: Office) -> None:
    ids = []
    for _ in range(5):
        ids.append(desk.accept().id)
        desk.clock.move(seconds=1)
    first = desk.scans.list(limit=2)
    second = desk.scans.list(limit=2, cursor=first.next)
    third = desk.scans.list(limit=2, cursor=second.next)
    listed = [scan.id for page in (first, second, third) for scan in page.items]
    assert listed == ids[::-1]
    assert third.next is None


def test_a_list_may_ask_for_one_state(desk: Office) -> None:
    done, waiting = desk.done(), desk.accept()
    assert [scan.id for scan in desk.scans.list(wanted=Wanted(state=State.DONE)).items] == [done.id]
    assert [scan.id for scan in desk.scans.list(wanted=Wanted(state=State.QUEUED)).items] == [
        waiting.id
    ]


def test_a_tenant_sees_nothing_of_another(desk: Office) -> None:
    scan, other = desk.done(), desk.beside(tenant="other")
    assert other.list().items == ()
    for ask in (other.get, other.report, other.preview, other.delete):
        with pytest.raises(ScanNotFound):
            ask(scan.id)
    assert desk.scans.get(scan.id) == scan


def test_what_is_past_its_retention_is_deleted_and_says_so(desk: Office) -> None:
    scan = desk.done("secret name.jpg")
    desk.clock.move(days=7, seconds=1)
    assert desk.scans.reconcile().expired == 1
    expired = desk.scans.get(scan.id)
    assert (expired.state, expired.name, expired.verdict) == (State.EXPIRED, "", None)
    assert desk.blobs() == 0
    assert desk.scans.preview(scan.id) is None
    with pytest.raises(ScanExpired):
        desk.scans.report(scan.id)
    assert desk.scans.reconcile().expired == 0


def test_without_a_retention_nothing_expires(desk: Office, database: Database) -> None:
    forever = POLICY.__class__(upload_limits=POLICY.upload_limits, keep=None)
    desk.scans = desk.beside(policy=forever)
    assert desk.accept().expires_at is None
    desk.clock.move(days=36500)
    assert desk.scans.reconcile().expired == 0


def test_readiness_names_what_answers_and_who_works(desk: Office) -> None:
    assert desk.scans.ready().accepting
    assert not desk.scans.ready().working
    desk.scans.beat("host:1", ("image", "audio"))
    (worker,) = desk.scans.ready().workers
    assert (worker.name, worker.queues) == ("host:1", ("image", "audio"))
    assert not desk.scans.ready().working
    desk.scans.reconcile("host:1")
    assert desk.scans.ready().working
    desk.queue.broken = True
    assert desk.scans.ready().accepting
    assert not desk.scans.ready().working


def test_a_worker_that_left_or_fell_silent_is_not_counted(desk: Office) -> None:
    desk.scans.beat("host:1", ("image",))
    desk.scans.beat("host:2", ("image",))
    desk.scans.leave("host:1")
    assert [worker.name for worker in desk.scans.ready().workers] == ["host:2"]
    desk.clock.move(minutes=1)
    assert desk.scans.ready().workers == ()


def test_ids_sort_by_time_and_cannot_be_guessed(desk: Office) -> None:
    early = {new_scan_id(desk.clock()) for _ in range(1000)}
    desk.clock.move(seconds=0.001)
    late = {new_scan_id(desk.clock()) for _ in range(1000)}
    assert max(early) < min(late)
    assert len({scan_id[10:] for scan_id in early | late}) == 2000


def test_only_media_can_become_a_scan(desk: Office) -> None:
    with desk.scans.receive("a.bmp") as receiving, pytest.raises(UnsupportedKind):
        receiving.write(b"BM" + bytes(5000))
    assert desk.blobs() == 0
