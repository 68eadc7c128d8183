"""A store that refuses one file is told from one that is away, and one that says nothing from both."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.db.deaths import Cause
from service.db.lifecycle import State
from service.errors import StorageUnavailable
from service.storage.opening import open_store
from service.storage.protocol import BlobStore, new_key, put, read
from tests.service.databases import sqlite
from tests.service.office import POLICY, Office, office
from tests.service.storage.refusing import Refusing, refusing

PLACE = "s3://bucket/assay"
SILENCE = 0.4


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refusing]:
    with refusing() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def desk(server: Refusing, tmp_path: Path) -> Iterator[Office]:
    database = sqlite(tmp_path / "assay.db")
    yield office(database, tmp_path / "unused", store=open_store(PLACE))
    database.close()


def attempt(desk: Office, scan_id: str) -> None:
    desk.scans.run(scan_id, worker="w")
    desk.clock.move(seconds=20)
    desk.scans.reconcile()


def test_a_file_that_the_store_refuses_fails_after_its_attempts_and_runs_once_released(
    desk: Office, server: Refusing
) -> None:
    scan_id = desk.accept().id
    server.refused = set(server.objects)
    for _ in range(POLICY.attempts):
        assert desk.scans.get(scan_id).state is State.QUEUED
        assert desk.store.usable()
        attempt(desk, scan_id)
    scan = desk.scans.get(scan_id)
    assert scan.failure is not None
    assert scan.failure.code == "blob_unreadable"
    assert [noted.death.cause for noted in scan.deaths] == [Cause.UNREADABLE] * POLICY.attempts
    server.refused = set()
    desk.scans.quarantine.release(scan)
    attempt(desk, scan_id)
    assert desk.scans.get(scan_id).state is State.DONE


def test_a_store_that_refuses_everything_costs_no_attempt(desk: Office, server: Refusing) -> None:
    scan_id = desk.accept().id
    server.away = True
    for _ in range(POLICY.attempts + 2):
        attempt(desk, scan_id)
        assert not desk.scans.ready().storage
    waiting = desk.scans.get(scan_id)
    assert (waiting.state, waiting.attempts, waiting.deaths) == (State.QUEUED, 0, ())
    server.away = False
    attempt(desk, scan_id)
    assert desk.scans.get(scan_id).state is State.DONE


@pytest.mark.parametrize(
    "act",
    [
        lambda store, key: put(store, "default", b"new"),
        lambda store, key: put(store, "default", bytes(20 * 1024**2)),
        read,
        lambda store, key: store.open(key),
        lambda store, key: store.delete(key),
        lambda store, key: store.appender(new_key("default")),
        lambda store, key: list(store.older_than(datetime.now(UTC))),
    ],
    ids=["put", "put in parts", "read", "open", "delete", "append", "list"],
)
def test_a_store_that_goes_silent_is_waited_for_no_longer_than_is_set(
    server: Refusing, act: Callable[[BlobStore, object], object]
) -> None:
    store = open_store(PLACE, silence=SILENCE)
    key = put(store, "default", b"kept")
    server.mute = True
    began = time.monotonic()
    with pytest.raises(StorageUnavailable):
        act(store, key)
    assert time.monotonic() - began < 20 * SILENCE


def test_an_answer_that_stops_in_the_middle_is_waited_for_no_longer_than_is_set(
    server: Refusing,
) -> None:
    store = open_store(PLACE, silence=SILENCE)
    key = put(store, "default", bytes(5000))
    server.stalls = True
    began = time.monotonic()
    with pytest.raises(StorageUnavailable):
        read(store, key)
    assert time.monotonic() - began < 20 * SILENCE
