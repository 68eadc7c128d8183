"""A Redis behind sentinels: its messages and the counters of quotas."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as Client

from service.access.principal import Principal
from service.errors import SettingsInvalid
from service.scans.queue import CeleryQueue
from service.settings import Settings, read_settings
from service.wiring import broker, build_meter
from tests.e2e.servers import Process, Redis, answers, free_port, redis, wait_until
from tests.service.databases import sqlite

SOMEBODY = Principal(tenant="news", actor="key:one", scopes=frozenset())


@pytest.fixture
def master(tmp_path: Path) -> Iterator[Redis]:
    with redis(tmp_path) as server:
        yield server


@pytest.fixture
def settings(master: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Of a service that is told of the sentinel alone."""
    port = free_port()
    conf = tmp_path / "sentinel.conf"
    conf.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master.port} 1\n"
    )
    program = shutil.which("redis-server")
    assert program is not None
    sentinel = Process([program, str(conf), "--sentinel"], tmp_path / "sentinel.log")
    sentinel.start()
    wait_until(lambda: answers(port), what="the sentinel answers")
    monkeypatch.setenv("ASSAY_BROKER_URL", f"sentinel://127.0.0.1:{port}")
    monkeypatch.setenv("ASSAY_BROKER_OPTIONS", '{"master_name": "main"}')
    yield read_settings()
    sentinel.stop()


def test_messages_go_to_the_master_that_the_sentinels_name(settings: Settings) -> None:
    queue = CeleryQueue(broker(settings))
    queue.enqueue("scan-1", "image")
    assert queue.depth("image") == 1
    queue.close()


def test_quotas_are_counted_there_too(settings: Settings, master: Redis, tmp_path: Path) -> None:
    database = sqlite(tmp_path / "assay.db")
    build_meter(settings, database).request(SOMEBODY)
    database.close()
    with Client(port=master.port) as looking:
        assert any(key.startswith(b"LIMITS") for key in looking.scan_iter())


def test_a_master_without_a_name_is_a_mistake_in_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSAY_BROKER_URL", "sentinel://127.0.0.1:26379")
    with pytest.raises(SettingsInvalid, match="master_name"):
        read_settings()


def test_passwords_of_sentinels_stay_out_of_what_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSAY_BROKER_OPTIONS", '{"sentinel_kwargs": {"password": "hunter2"}}')
    assert "hunter2" not in repr(Settings())
