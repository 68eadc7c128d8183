"""Batches with real workers: told at their end, cancelled on the way, and an API killed in between."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from tests.e2e.servers import Process, Service, postgresql, redis, service, wait_until
from tests.media import jpeg, photo_like
from tests.service.webhooks.receiver import Receiver, receiving

PHOTO: Final = jpeg(photo_like(160, 120))
SETTINGS: Final = {
    "ASSAY_LEASES__SECONDS": "2",
    "ASSAY_LEASES__RECONCILE_SECONDS": "0.5",
    "ASSAY_LEASES__RESEND_SECONDS": "2",
    "ASSAY_WEBHOOKS__NETWORKS": "127.0.0.0/8",
}


@pytest.fixture(params=["folder and SQLite", "Redis and PostgreSQL"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with ExitStack() as stack:
        settings = dict(SETTINGS)
        if request.param == "Redis and PostgreSQL":
            settings["ASSAY_BROKER_URL"] = stack.enter_context(redis(tmp_path)).url
            settings["ASSAY_DATABASE_URL"] = stack.enter_context(postgresql())
        made = stack.enter_context(service(tmp_path, settings))
        made.start_api()
        teller = Process(
            [sys.executable, "-m", "workers", "--queues", "webhooks"],
            tmp_path / "teller.log",
            {"ASSAY_DATA_DIR": str(tmp_path), "ASSAY_LOG_JSON": "true", **settings},
        )
        stack.callback(teller.stop)
        teller.start()
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def send(running: Service, count: int, key: str | None = None) -> httpx2.Response:
    files: list[Any] = [("file", (f"{number}.jpg", PHOTO)) for number in range(count)]
    headers = {"Idempotency-Key": key} if key is not None else {}
    query = {"profile": "provenance"}
    return running.client.post("/v1/batches", files=files, params=query, headers=headers)


def batch(running: Service, path: str) -> dict[str, Any]:
    return dict(running.client.get(path).json())


def ended(running: Service, path: str) -> dict[str, Any]:
    wait_until(lambda: batch(running, path)["finished_at"] is not None, what="the batch ended")
    return batch(running, path)


def told(receiver: Receiver, secret: str) -> list[dict[str, Any]]:
    """Every event that arrived, each verified by the specification's own library."""
    library = Webhook(secret)
    return [
        library.verify(body, headers)
        for body, headers in zip(receiver.bodies, receiver.seen, strict=True)
    ]


def listen(running: Service, receiver: Receiver) -> str:
    asked = {"url": receiver.url, "events": ["batch.completed"]}
    answer = running.client.post("/v1/webhooks", json=asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


def test_the_end_of_a_batch_is_told_once_and_signed(running: Service, receiver: Receiver) -> None:
    secret = listen(running, receiver)
    path = send(running, 12).json()["links"]["self"]
    running.worker.start()
    assert ended(running, path)["states"] == {"done": 12}
    wait_until(lambda: len(receiver.bodies) > 0, what="the event arrived")
    time.sleep(2)
    (event,) = told(receiver, secret)
    assert event["type"] == "batch.completed"
    assert event["data"]["batch"] == path.rsplit("/", 1)[1]


def test_a_batch_cancelled_while_workers_run_ends_and_tells(
    running: Service, receiver: Receiver
) -> None:
    secret = listen(running, receiver)
    path = send(running, 60).json()["links"]["self"]
    running.worker.start()
    wait_until(lambda: batch(running, path)["states"].get("done", 0) >= 3, what="some are done")
    running.client.post(f"{path}/cancel")
    found = ended(running, path)
    assert found["state"] == "cancelled"
    assert set(found["states"]) <= {"done", "cancelled"}
    assert found["states"]["cancelled"] > 0
    assert sum(found["states"].values()) == 60
    wait_until(lambda: len(receiver.bodies) > 0, what="the event arrived")
    assert told(receiver, secret)[0]["type"] == "batch.completed"
    time.sleep(1)
    assert batch(running, path)["states"] == found["states"], "nothing begins after the end"


def test_an_api_killed_in_the_middle_of_a_batch_loses_nothing_that_it_accepted(
    running: Service,
) -> None:
    accepted = send(running, 5, key="before").json()["links"]["self"]
    with half_a_batch(running, "during") as sock:
        wait_until(lambda: len(batches(running)) == 2, what="the second batch arrives")
        running.api.kill()
        assert answer_of(sock) == b"", "the connection ends without an answer"
    running.start_api()
    running.worker.start()
    assert ended(running, accepted)["states"] == {"done": 5}
    assert send(running, 5, key="before").headers["idempotency-replayed"] == "true"
    again = patiently(running, "during")
    assert ended(running, again["links"]["self"])["states"] == {"done": 3}


def half_a_batch(running: Service, key: str) -> socket.socket:
    """A request that has sent two files of its form, and goes no further."""
    url = running.client.base_url
    head = (
        f"POST /v1/batches?profile=provenance HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
        "Content-Length: 1000000\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    sock = socket.create_connection((url.host, url.port or 80))
    sock.sendall(head.encode() + (part + PHOTO + b"\r\n") * 2 + part)
    return sock


def answer_of(sock: socket.socket) -> bytes:
    """What still comes before the connection ends."""
    sock.settimeout(10)
    try:
        return sock.recv(1)
    except ConnectionResetError:
        return b""


def batches(running: Service) -> list[dict[str, Any]]:
    return list(running.client.get("/v1/batches").json()["items"])


def patiently(running: Service, key: str) -> dict[str, Any]:
    """Send until the claim of the killed process is taken over."""
    answers: list[httpx2.Response] = []

    def taken() -> bool:
        answers.append(send(running, 3, key=key))
        if answers[-1].status_code == 202:
            return True
        assert answers[-1].json()["code"] == "idempotency_key_in_use"
        time.sleep(1)
        return False

    wait_until(taken, what="the key is free again", seconds=90)
    return dict(answers[-1].json())
