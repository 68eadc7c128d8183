"""Batches on both databases: every line comes to an end, and the whole to one end, once."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from service.db.batch_deaths import ATTEMPTS, LineDeaths
from service.db.batch_lifecycle import Batch, BatchState, NewItem, Outcome
from service.db.deaths import Cause, Death
from service.db.engine import Database
from service.db.lifecycle import State
from service.db.retention_lifecycle import OwnRetention, Part
from service.errors import (
    BatchNotFound,
    FetchFailed,
    ScanNotFound,
    StorageFull,
)
from service.reporting.report import Profile
from service.scans.batches import Batches
from service.scans.intake import Receiver
from service.scans.queue import Broker
from service.scans.resumable import Uploads
from tests.service.office import LIMITS, PICTURE, Office, office


@dataclass(slots=True)
class Web:
    """What addresses hold; one that is not there cannot be fetched."""

    pages: dict[str, bytes] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, url: str, into: Receiver) -> None:
        self.asked.append(url)
        if self.error is not None:
            raise self.error
        if url not in self.pages:
            raise FetchFailed("the server answered 404")
        into.write(self.pages[url])


@dataclass(slots=True)
class Bench:
    """Batches with all that they stand on."""

    office: Office
    web: Web
    uploads: Uploads
    batches: Batches
    told: list[tuple[str, BatchState]]

    def send(self, *urls: str) -> Batch:
        items = [
            NewItem(line=line, profile=Profile.FULL, url=url, reference=f"r{line}")
            for line, url in enumerate(urls, start=1)
        ]
        return self.batches.accept(items)

    def fetch(self) -> None:
        while self.batches.take_in():
            pass

    def work(self) -> None:
        while self.office.queue.sent:
            scan_id, _ = self.office.queue.sent.pop(0)
            self.office.scans.run(scan_id, worker="w")
            self.batches.scan_ended(scan_id)


GOOD = "https://example.org/good.jpg"


@pytest.fixture
def bench(database: Database, broker: Broker, tmp_path: Path) -> Bench:
    desk, told = office(database, tmp_path / "blobs", broker), list[tuple[str, BatchState]]()
    web = Web({GOOD: PICTURE})
    uploads = Uploads(
        database=database,
        store=desk.store,
        limits=LIMITS,
        patience=timedelta(days=30),
        now=desk.clock,
    )

    def finished(_session: Session, batch: Batch) -> None:
        told.append((batch.id, batch.state))

    batches = Batches(
        database=database,
        scans=desk.scans,
        uploads=uploads,
        fetch=web,
        finished=finished,
        now=desk.clock,
    )
    return Bench(desk, web, uploads, batches, told)


def test_addresses_are_fetched_by_workers_and_end_each_in_its_own_way(bench: Bench) -> None:
    batch = bench.send(GOOD, "https://example.org/missing.jpg", GOOD)
    assert bench.web.asked == []
    assert batch.outcomes == {Outcome.WAITING: 3}
    bench.fetch()
    assert bench.batches.get(batch.id).outcomes == {Outcome.QUEUED: 2, Outcome.FAILED: 1}
    bench.work()
    done = bench.batches.get(batch.id)
    assert (done.state, done.total) == (BatchState.DONE, 3)
    assert done.outcomes == {Outcome.DONE: 2, Outcome.FAILED: 1}
    assert sum(done.verdicts.values()) == 2
    assert done.finished_at is not None
    first, failed, _ = bench.batches.results(batch.id)
    assert (first.line, first.reference, first.outcome) == (1, "r1", Outcome.DONE)
    assert first.scan_id is not None
    scan = bench.office.scans.get(first.scan_id)
    assert (scan.name, scan.reference) == ("good.jpg", "r1")
    assert failed.failure is not None
    assert (failed.outcome, failed.failure.code) == (Outcome.FAILED, "fetch_failed")


def test_the_end_of_a_batch_is_told_once(bench: Bench) -> None:
    batch = bench.send(GOOD)
    bench.fetch()
    bench.batches.round()
    assert bench.told == []
    bench.work()
    bench.batches.round()
    bench.batches.cancel(batch.id)
    assert bench.told == [(batch.id, BatchState.DONE)]


def test_of_eight_workers_that_end_the_last_scans_one_tells(bench: Bench) -> None:
    batch = bench.send(*[GOOD] * 8)
    bench.fetch()
    scans = [scan_id for scan_id, _ in bench.office.queue.sent]
    ready = threading.Barrier(8)

    def end(scan_id: str) -> None:
        bench.office.scans.run(scan_id, worker=scan_id)
        ready.wait()
        bench.batches.scan_ended(scan_id)

    threads = [threading.Thread(target=end, args=(scan_id,)) for scan_id in scans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.told == [(batch.id, BatchState.DONE)]


def test_an_announcement_that_fails_is_made_up_for(bench: Bench) -> None:
    batch = bench.send("https://example.org/missing.jpg")
    tries = []

    def broken_once(_session: Session, finished: Batch) -> None:
        tries.append(finished.id)
        if len(tries) == 1:
            raise RuntimeError("the database went away")

    bench.batches._finished = broken_once
    with pytest.raises(RuntimeError):
        bench.fetch()
    assert bench.batches.get(batch.id).state is BatchState.RUNNING
    bench.batches.round()
    assert bench.batches.get(batch.id).state is BatchState.DONE
    assert tries == [batch.id, batch.id]


def test_a_worker_that_died_before_it_told_is_made_up_for(bench: Bench) -> None:
    batch = bench.send(GOOD)
    bench.fetch()
    ((scan_id, _),) = bench.office.queue.sent
    bench.office.scans.run(scan_id, worker="w")
    bench.batches.round()
    assert bench.told == [(batch.id, BatchState.DONE)]


def test_an_address_whose_worker_died_is_fetched_by_another_and_fails_at_last(
    bench: Bench,
) -> None:
    batch = bench.send(GOOD)
    bench.web.error = KeyboardInterrupt()  # type: ignore[assignment]
    for _ in range(ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            bench.batches.take_in()
        assert not bench.batches.take_in()
        bench.batches.round()
        assert bench.batches.get(batch.id).outcomes == {Outcome.FETCHING: 1}
        bench.office.clock.move(minutes=4)
        bench.batches.round()
    (result,) = bench.batches.results(batch.id)
    assert result.failure is not None
    assert result.failure.code == "quarantined"
    assert [noted.death.cause for noted in result.deaths] == [Cause.VANISHED] * ATTEMPTS
    bench.office.scans.reconcile()
    assert "batch.line_quarantined" in [line.deed for line in bench.office.scans.log()]
    assert bench.told == [(batch.id, BatchState.DONE)]
    assert bench.office.blobs() == 0


def test_a_line_whose_worker_was_seen_to_die_goes_on_at_once_and_keeps_what_it_died_of(
    bench: Bench,
) -> None:
    batch = bench.send(GOOD)
    bench.web.error = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        bench.batches.take_in("host:7")
    deaths, now = LineDeaths(bench.office.database), bench.office.clock()
    assert deaths.died("host:8", Death(Cause.KILLED, "SIGSEGV"), now) == 0
    assert deaths.died("host:7", Death(Cause.OUT_OF_MEMORY, "SIGKILL"), now) == 1
    assert deaths.died("host:7", Death(Cause.OUT_OF_MEMORY, "SIGKILL"), now) == 0
    bench.web.error = None
    bench.fetch()
    (result,) = bench.batches.results(batch.id)
    assert (result.outcome, result.failure) == (Outcome.QUEUED, None)
    (noted,) = result.deaths
    assert (noted.death.cause, noted.attempt, noted.worker) == (Cause.OUT_OF_MEMORY, 1, "host:7")


def test_a_full_disk_puts_addresses_off_without_counting(bench: Bench) -> None:
    batch = bench.send(GOOD)
    for _ in range(2 * ATTEMPTS):
        bench.web.error = StorageFull("the disk is full")
        assert bench.batches.take_in()
        assert not bench.batches.take_in()
        bench.office.clock.move(minutes=1)
    bench.web.error = None
    bench.fetch()
    bench.work()
    assert bench.batches.get(batch.id).outcomes == {Outcome.DONE: 1}


def test_eight_workers_fetch_each_address_once(bench: Bench) -> None:
    urls = [f"https://example.org/{number}.jpg" for number in range(24)]
    bench.web.pages = dict.fromkeys(urls, PICTURE)
    bench.send(*urls[:12])
    bench.send(*urls[12:])
    threads = [threading.Thread(target=bench.fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.fetch()
    assert sorted(bench.web.asked) == sorted(urls)
    assert len(bench.office.queue.sent) == 24


def test_a_long_batch_does_not_hold_up_a_short_one(bench: Bench) -> None:
    bench.send(*[GOOD] * 40)
    short = bench.send(GOOD)
    for _ in range(30):
        bench.batches.take_in()
    assert Outcome.QUEUED in bench.batches.get(short.id).outcomes


def test_uploads_of_a_batch_are_scanned_and_wrong_ones_named(bench: Bench) -> None:
    complete, begun = (
        bench.uploads.begin("a.jpg", size=len(PICTURE), sha256=None).id for _ in range(2)
    )
    with bench.uploads.append(complete, at=0) as appending:
        appending.write(PICTURE)
        appending.finish()
    named = (complete, complete, begun, "0" * 26)
    items = [
        NewItem(line=line, profile=Profile.FULL, upload_id=upload)
        for line, upload in enumerate(named, start=1)
    ]
    batch = bench.batches.accept(items)
    wrong = bench.batches.wrong(batch)
    assert [(item.line, item.failure.code) for item in wrong if item.failure] == [
        (2, "upload_used"),
        (3, "upload_incomplete"),
        (4, "upload_not_found"),
    ]
    bench.fetch()
    bench.work()
    assert bench.batches.get(batch.id).outcomes == {Outcome.DONE: 1, Outcome.FAILED: 3}
    assert bench.uploads.get(complete).scan_id is not None


def test_a_batch_of_wrong_lines_is_finished_at_once(bench: Bench) -> None:
    (upload,) = ("0" * 26,)
    batch = bench.batches.accept([NewItem(line=1, profile=Profile.FULL, upload_id=upload)])
    assert len(bench.batches.wrong(batch)) == 1
    assert bench.told == [(batch.id, BatchState.DONE)]


def test_cancelling_begins_nothing_more_and_lets_run_what_runs(bench: Bench) -> None:
    batch = bench.send(GOOD, GOOD, GOOD)
    bench.batches.take_in()
    bench.batches.take_in()
    (running, _), _ = bench.office.queue.sent
    states = []

    def cancel(_progress: object) -> None:
        states.append(bench.batches.cancel(batch.id).state)

    bench.office.engine.during = cancel
    bench.office.scans.run(running, worker="w")
    assert states == [BatchState.RUNNING]
    bench.batches.scan_ended(running)
    after = bench.batches.get(batch.id)
    assert after.state is BatchState.CANCELLED
    assert after.outcomes == {Outcome.DONE: 1, Outcome.CANCELLED: 2}
    waiting = [scan for scan in bench.office.scans.list().items if scan.id != running]
    assert {scan.state for scan in waiting} == {State.CANCELLED}
    assert not bench.batches.take_in()
    assert bench.told == [(batch.id, BatchState.CANCELLED)]


def test_the_audit_log_names_the_batch_and_every_scan_that_a_cancellation_ended(
    bench: Bench,
) -> None:
    batch = bench.send(GOOD, GOOD)
    bench.fetch()
    waiting = {scan_id for scan_id, _ in bench.office.queue.sent}
    bench.batches.cancel(batch.id)
    bench.office.scans.reconcile()
    lines = [(line.deed, line.object) for line in bench.office.scans.log()]
    assert ("batch.cancelled", f"batch:{batch.id}") in lines
    assert {object_ for deed, object_ in lines if deed == "scan.cancelled"} == {
        f"scan:{scan_id}" for scan_id in waiting
    }
    assert len(waiting) == 2


def test_a_fetch_that_ends_after_the_cancellation_leaves_nothing(bench: Bench) -> None:
    batch = bench.send(GOOD)
    web = bench.web

    def cancel_then_deliver(url: str, into: Receiver) -> None:
        bench.batches.cancel(batch.id)
        web(url, into)

    bench.batches._fetch = cancel_then_deliver
    bench.fetch()
    assert bench.office.blobs() == 0
    assert bench.office.scans.list().items == ()
    assert bench.batches.get(batch.id).outcomes == {Outcome.CANCELLED: 1}


def test_a_deleted_batch_takes_its_scans_and_files_with_it(bench: Bench) -> None:
    batch = bench.send(GOOD, GOOD)
    other = bench.office.done("other.jpg")
    bench.fetch()
    bench.work()
    scans = [result.scan_id or "" for result in bench.batches.results(batch.id)]
    bench.batches.delete(batch.id)
    for scan_id in scans:
        with pytest.raises(ScanNotFound):
            bench.office.scans.get(scan_id)
    for use in (bench.batches.get, bench.batches.delete, bench.batches.results):
        with pytest.raises(BatchNotFound):
            use(batch.id)
    assert [scan.id for scan in bench.office.scans.list().items] == [other.id]


def test_a_scan_deleted_alone_is_shown_as_deleted(bench: Bench) -> None:
    batch = bench.send(GOOD)
    bench.fetch()
    (result,) = bench.batches.results(batch.id)
    bench.office.scans.delete(result.scan_id or "")
    bench.batches.round()
    assert bench.batches.get(batch.id).outcomes == {Outcome.DELETED: 1}
    assert bench.told == [(batch.id, BatchState.DONE)]


def test_a_batch_goes_once_its_scans_have(bench: Bench) -> None:
    batch = bench.send(GOOD)
    bench.fetch()
    bench.work()
    bench.office.clock.move(days=7, minutes=1)
    bench.batches.round()
    assert bench.batches.get(batch.id).state is BatchState.DONE
    bench.office.scans.expire_all()
    bench.batches.round()
    with pytest.raises(BatchNotFound):
        bench.batches.get(batch.id)


def test_a_batch_follows_the_retention_of_its_tenant(bench: Bench) -> None:
    before = bench.send(GOOD)
    day = OwnRetention(parts=dict.fromkeys(Part, timedelta(days=1)))
    bench.office.scans.retention.put(day)
    after = bench.send(GOOD)
    assert after.expires_at == after.created_at + timedelta(days=1)
    bench.fetch()
    bench.work()
    bench.office.clock.move(days=1, minutes=1)
    bench.office.scans.expire_all()
    bench.batches.round()
    for batch in (before, after):
        with pytest.raises(BatchNotFound):
            bench.batches.get(batch.id)


def test_a_form_whose_request_died_leaves_nothing(bench: Bench) -> None:
    batch = bench.batches.begin()
    with bench.batches.receiver("a.jpg") as receiver:
        receiver.write(PICTURE)
        received = receiver.finish()
    bench.batches.add(batch, NewItem(line=1, profile=Profile.FULL), received)
    bench.office.clock.move(minutes=14)
    bench.batches.round()
    assert bench.office.blobs() == 1
    bench.office.clock.move(minutes=2)
    bench.batches.round()
    assert bench.office.blobs() == 0
    assert bench.office.scans.list().items == ()


def test_another_tenants_batch_is_not_there(bench: Bench) -> None:
    batch, other = bench.send(GOOD), bench.batches.of("other")
    for use in (other.get, other.cancel, other.delete, other.results):
        with pytest.raises(BatchNotFound):
            use(batch.id)
    assert other.list(limit=10, before=None).items == ()
    bench.fetch()
    assert bench.office.beside(tenant="other").list().items == ()


def test_what_another_tenants_batch_fetches_is_that_tenants(bench: Bench) -> None:
    bench.batches.of("other").accept([NewItem(line=1, profile=Profile.FULL, url=GOOD)])
    bench.fetch()
    assert bench.office.scans.list().items == ()
    assert len(bench.office.beside(tenant="other").list().items) == 1


def test_lists_go_on_where_the_page_before_ended(bench: Bench) -> None:
    sent = []
    for _ in range(5):
        sent.append(bench.send(GOOD).id)
        bench.office.clock.move(seconds=1)
    seen, before = list[str](), None
    while True:
        page = bench.batches.list(limit=2, before=before)
        seen += [batch.id for batch in page.items]
        if page.next is None:
            break
        before = page.next
    assert seen == sent[::-1]


def test_results_are_read_a_few_at_a_time_and_in_order(bench: Bench) -> None:
    batch = bench.send(*[GOOD] * 450)
    assert [result.line for result in bench.batches.results(batch.id)] == list(range(1, 451))
