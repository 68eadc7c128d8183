"""The two brokers: the embedded folder and Redis, through the same `Queue`."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty
from typing import Any

import kombu
import pytest

from detectors.base import Kind
from service.errors import QueueUnavailable
from service.reporting.report import Profile
from service.scans.broker import Channel, Transport
from service.scans.queue import QUEUES, SCAN_TASK, Broker, CeleryQueue, celery_app, queue_for
from tests.e2e.servers import free_port, redis


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    """One channel of the embedded broker."""
    connection = kombu.Connection(transport=Transport, transport_options={"folder": str(tmp_path)})
    with connection as open_connection:
        opened = open_connection.default_channel
        assert isinstance(opened, Channel)
        yield opened


def test_each_kind_has_its_queue_and_provenance_alone_one_for_all() -> None:
    assert [queue_for(kind, Profile.FULL) for kind in Kind] == ["image", "video", "audio"]
    assert {queue_for(kind, Profile.PROVENANCE) for kind in Kind} == {"provenance"}
    assert set(QUEUES) == {"image", "video", "audio", "provenance"}


def test_a_message_waits_in_its_queue_and_carries_the_id_as_json(broker: Broker) -> None:
    queue = CeleryQueue(broker)
    assert queue.depth("image") == 0
    queue.enqueue("scan-1", "image")
    assert (queue.depth("image"), queue.depth("video")) == (1, 0)
    with celery_app(broker).connection_for_read() as connection:
        image = kombu.Queue("image", exchange="", routing_key="image")
        message = image(connection.default_channel).get()
        assert message is not None
        assert message.content_type == "application/json"
        assert json.loads(message.body or "")[0] == ["scan-1"]
        assert message.headers["task"] == SCAN_TASK
        message.ack()
    queue.close()


def test_a_broker_that_is_down_is_reported_at_once() -> None:
    queue = CeleryQueue(Broker.at(f"redis://127.0.0.1:{free_port()}/0"))
    start = time.monotonic()
    for use in (lambda: queue.enqueue("scan-1", "image"), lambda: queue.depth("image")):
        with pytest.raises(QueueUnavailable):
            use()
    assert time.monotonic() - start < 5


def test_a_broker_that_came_back_is_used_again(tmp_path: Path) -> None:
    with redis(tmp_path) as server:
        queue = CeleryQueue(Broker.at(server.url))
        queue.enqueue("scan-1", "image")
        server.kill()
        with pytest.raises(QueueUnavailable):
            queue.enqueue("scan-2", "image")
        server.start()
        queue.enqueue("scan-3", "image")
        assert queue.depth("image") == 1
        queue.close()


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "broker").write_text("a file where the folder should be")
    with pytest.raises(QueueUnavailable):
        CeleryQueue(Broker.in_folder(tmp_path / "broker")).enqueue("scan-1", "image")


def test_the_folder_hands_messages_out_in_order(channel: Channel) -> None:
    for number in range(20):
        channel._put("image", {"number": number})
    assert [channel._get("image")["number"] for _ in range(20)] == list(range(20))
    with pytest.raises(Empty):
        channel._get("image")


def test_each_message_in_the_folder_goes_to_one_of_many_workers(channel: Channel) -> None:
    for number in range(200):
        channel._put("image", {"number": number})

    def take_all(_: int) -> list[int]:
        return list(taken(channel))

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for share in pool.map(take_all, range(8)) for number in share]
    assert sorted(numbers) == list(range(200))


def test_half_a_message_is_not_seen(channel: Channel, tmp_path: Path) -> None:
    """What a writer leaves that is killed between opening its file and naming it."""
    channel._put("image", {"number": 1})
    (tmp_path / "image" / "00000000000000000000-killed").write_text('{"num')
    assert channel._size("image") == 1
    assert list(taken(channel)) == [1]


def test_purging_the_folder_empties_one_queue(channel: Channel) -> None:
    for queue in ("image", "image", "audio"):
        channel._put(queue, {"number": 1})
    assert channel._purge("image") == 2
    assert (channel._size("image"), channel._size("audio")) == (0, 1)


def taken(channel: Channel) -> Iterator[Any]:
    get: Callable[[str], Any] = channel._get
    while True:
        try:
            yield get("image")["number"]
        except Empty:
            return
