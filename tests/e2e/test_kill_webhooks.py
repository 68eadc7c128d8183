"""Whatever is killed and however long a receiver is away, every event arrives, under one id each.

Scans end while the receiver is down, the worker that sends is killed hard in the middle of sending,
several times, and what the receiver has in the end is counted.
"""

import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.servers import (
    Process,
    Redis,
    Service,
    free_port,
    postgresql,
    redis,
    service,
    wait_until,
)
from tests.media import jpeg, photo_like
from tests.service.webhooks.receiver import Receiver, receiving

SCANS: Final = 30
SETTINGS: Final = {
    "ASSAY_LEASES__SECONDS": "2",
    "ASSAY_LEASES__RECONCILE_SECONDS": "0.5",
    "ASSAY_WEBHOOKS__NETWORKS": "127.0.0.0/8",
    "ASSAY_WEBHOOKS__SECONDS": "0.5",  # so a lease lasts three seconds
}


@dataclass(frozen=True, slots=True)
class Installation:
    """A service, the worker that sends its webhooks, and its broker where that is a server."""

    service: Service
    sender: Process
    broker: Redis | None


@pytest.fixture(params=["sqlite-folder", "postgresql-redis"])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    settings, broker = dict(SETTINGS), None
    with ExitStack() as stack:
        if request.param == "postgresql-redis":
            broker = stack.enter_context(redis(tmp_path))
            settings["ASSAY_BROKER_URL"] = broker.url
            settings["ASSAY_DATABASE_URL"] = stack.enter_context(postgresql())
        running = stack.enter_context(service(tmp_path, settings))
        environment = {"ASSAY_DATA_DIR": str(tmp_path), "ASSAY_LOG_JSON": "true", **settings}
        command = [sys.executable, "-m", "workers", "--queues", "webhooks"]
        sender = Process(command, tmp_path / "sender.log", environment)
        stack.callback(sender.stop)
        yield Installation(running, sender, broker)


def test_every_event_arrives_though_receiver_and_sender_are_killed(installed: Installation) -> None:
    running, sender = installed.service, installed.sender
    running.start_api()
    port = free_port()
    endpoint = create(running, f"http://127.0.0.1:{port}/told")
    running.worker.start()
    sender.start()
    scans = [send(running, number) for number in range(SCANS)]
    wait_until(
        lambda: deliveries(running, endpoint) >= SCANS, what="every scan has an event", seconds=120
    )
    wait_until(lambda: tried(running, endpoint), what="the receiver was found to be away")
    with receiving(port) as receiver:
        receiver.pause = 0.1
        for killed in range(1, 4):
            seen = len(receiver.ids)
            wait_until(lambda: len(receiver.ids) > seen + 2, what="events arrive")  # noqa: B023
            assert len(set(receiver.ids)) < SCANS, f"all arrived before kill {killed}"
            sender.kill()
            sender.start()
        if installed.broker is not None:  # with all its messages, beside a sender that lives
            seen = len(receiver.ids)
            wait_until(lambda: len(receiver.ids) > seen, what="it sends again")
            installed.broker.kill()
            installed.broker.start()
        wait_until(lambda: undelivered(running, endpoint) == 0, what="all is told", seconds=90)
        assert_told_once_each(receiver, scans)


def test_a_sender_told_to_stop_finishes_what_is_under_way(installed: Installation) -> None:
    running, sender = installed.service, installed.sender
    running.start_api()
    running.worker.start()
    with receiving() as receiver:
        receiver.pause = 0.2
        endpoint = create(running, receiver.url)
        scans = [send(running, number) for number in range(8)]
        wait_until(lambda: deliveries(running, endpoint) >= 8, what="every scan has an event")
        sender.start()
        wait_until(lambda: len(receiver.ids) >= 2, what="events arrive")
        os.kill(sender.pid, signal.SIGTERM)
        assert sender.wait() == 0
        assert undelivered(running, endpoint) == 8 - len(receiver.ids) > 0
        sender.start()
        wait_until(lambda: undelivered(running, endpoint) == 0, what="all is told", seconds=20)
        assert len(receiver.ids) == len(set(receiver.ids))
        assert_told_once_each(receiver, scans)


def create(running: Service, url: str) -> str:
    events = ["scan.completed", "scan.failed"]
    made = running.client.post("/v1/webhooks", json={"url": url, "events": events})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def send(running: Service, number: int) -> str:
    picture = ("a.jpg", jpeg(photo_like(64, 48)), "image/jpeg")
    form = {"profile": "provenance", "reference": str(number)}
    answer = running.client.post("/v1/scans", files={"file": picture}, data=form)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def listed(running: Service, endpoint: str, **asked: str) -> list[dict[str, Any]]:
    address = f"/v1/webhooks/{endpoint}/deliveries"
    return list(running.client.get(address, params={"limit": 100, **asked}).json()["items"])


def deliveries(running: Service, endpoint: str) -> int:
    return len(listed(running, endpoint))


def tried(running: Service, endpoint: str) -> bool:
    codes = [attempt["code"] for item in listed(running, endpoint) for attempt in item["history"]]
    return "connection_failed" in codes


def undelivered(running: Service, endpoint: str) -> int:
    return sum(item["state"] != "delivered" for item in listed(running, endpoint))


def assert_told_once_each(receiver: Receiver, scans: list[str]) -> None:
    """An id may come twice, and then says the same; no two ids tell of one scan."""
    bodies = defaultdict(set)
    for event_id, body in zip(receiver.ids, receiver.bodies, strict=True):
        bodies[event_id].add(body)
    assert all(len(said) == 1 for said in bodies.values())
    first = {event_id: receiver.events[receiver.ids.index(event_id)] for event_id in bodies}
    assert sorted(event["data"]["scan"] for event in first.values()) == sorted(scans)
    assert {event["type"] for event in first.values()} == {"scan.completed"}
