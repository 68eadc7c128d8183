"""Whatever is killed, every accepted scan ends in one report.

Each test accepts 50 scans before a worker runs, starts one, kills something hard while scans are
in flight, brings it back and counts.
"""

import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.servers import Process, Redis, Service, postgresql, redis, service, wait_until
from tests.media import jpeg, photo_like

SCANS: Final = 50
SETTINGS: Final = {
    "ASSAY_LEASES__SECONDS": "2",
    "ASSAY_LEASES__RECONCILE_SECONDS": "0.5",
    "ASSAY_LEASES__RESEND_SECONDS": "2",
}


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, SETTINGS) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[tuple[Service, Redis]]:
    with ExitStack() as stack:
        broker = stack.enter_context(redis(tmp_path))
        database = stack.enter_context(postgresql())
        settings = {"ASSAY_BROKER_URL": broker.url, "ASSAY_DATABASE_URL": database, **SETTINGS}
        yield stack.enter_context(service(tmp_path, settings)), broker


def test_a_killed_worker_loses_no_scan_on_the_embedded_broker(embedded: Service) -> None:
    ids = accept_all(embedded)
    embedded.worker.start()
    in_flight(embedded)
    embedded.worker.kill()
    assert unfinished(embedded) > 0
    embedded.worker.start()
    assert_one_report_each(embedded, ids)


def test_a_worker_killed_without_its_children_loses_no_scan(embedded: Service) -> None:
    ids = accept_all(embedded)
    embedded.worker.start()
    in_flight(embedded)
    embedded.worker.kill_alone()
    embedded.worker.start()
    assert_one_report_each(embedded, ids)


def test_a_killed_pool_process_is_replaced_and_loses_no_scan(embedded: Service) -> None:
    ids = accept_all(embedded)
    embedded.worker.start()
    in_flight(embedded)
    kill_pool_process(embedded.worker)
    assert_one_report_each(embedded, ids)


def test_a_killed_api_loses_no_scan_on_the_embedded_broker(embedded: Service) -> None:
    ids = accept_all(embedded)
    half_an_upload(embedded)
    embedded.worker.start()
    in_flight(embedded)
    embedded.api.kill()
    embedded.start_api()
    assert_one_report_each(embedded, ids)


def test_a_killed_worker_loses_no_scan_on_redis(fleet: tuple[Service, Redis]) -> None:
    running, _ = fleet
    ids = accept_all(running)
    running.worker.start()
    in_flight(running)
    running.worker.kill()
    assert unfinished(running) > 0
    running.worker.start()
    assert_one_report_each(running, ids)


def test_a_killed_api_loses_no_scan_on_redis(fleet: tuple[Service, Redis]) -> None:
    running, _ = fleet
    ids = accept_all(running)
    half_an_upload(running)
    running.worker.start()
    in_flight(running)
    running.api.kill()
    running.start_api()
    assert_one_report_each(running, ids)


def test_a_killed_redis_that_lost_all_messages_loses_no_scan(
    fleet: tuple[Service, Redis],
) -> None:
    running, broker = fleet
    ids = accept_all(running, SCANS - 2)
    running.worker.start()
    in_flight(running)
    broker.kill()
    ids += accept_all(running, 2, start=False)
    broker.start()
    assert_one_report_each(running, ids)


def test_a_redis_restarted_while_scans_run_strands_none(fleet: tuple[Service, Redis]) -> None:
    """Twice, and long enough that the reconciler meets a broker that is away."""
    running, broker = fleet
    ids = accept_all(running, 60)
    running.worker.start()
    in_flight(running)
    for _ in range(2):
        broker.stop()
        time.sleep(1.5)
        broker.start()
    assert_one_report_each(running, ids)
    ready = running.client.get("/health/ready").json()
    assert ready["reconciler"]
    assert ready["working"]


def test_a_worker_told_to_stop_hands_its_scan_back_at_once(tmp_path: Path) -> None:
    patient = {**SETTINGS, "ASSAY_LEASES__SECONDS": "3600"}
    with service(tmp_path, patient) as running:
        ids = accept_all(running)
        running.worker.start()
        in_flight(running)
        running.worker.terminate()
        assert running.worker.wait() == 0
        assert {scan["state"] for scan in scans(running)} <= {"queued", "done"}
        running.worker.start()
        assert_one_report_each(running, ids)
        assert {scan["attempts"] for scan in scans(running)} == {1}
        assert [scan["deaths"] for scan in scans(running) if scan["deaths"]] == []


def accept_all(running: Service, count: int = SCANS, *, start: bool = True) -> list[str]:
    """Upload, and return the ids that the API promised a report for."""
    if start:
        running.start_api()
    picture = jpeg(photo_like(160, 120))
    ids = []
    for number in range(count):
        answer = running.client.post(
            "/v1/scans",
            files={"file": (f"{number}.jpg", picture, "image/jpeg")},
            data={"profile": "provenance"},
        )
        assert answer.status_code == 202, answer.text
        ids.append(answer.json()["id"])
    return ids


def half_an_upload(running: Service) -> None:
    """Leave a request open whose body never ends."""
    url = running.client.base_url
    head = b"POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    sock = socket.create_connection((url.host, url.port or 80))
    sock.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + form)
    sock.sendall(jpeg(photo_like(160, 120)))
    sock.detach()


def scans(running: Service) -> list[dict[str, Any]]:
    return list(running.client.get("/v1/scans", params={"limit": 100}).json()["items"])


def unfinished(running: Service) -> int:
    return sum(scan["state"] in ("queued", "running") for scan in scans(running))


def in_flight(running: Service) -> None:
    """Some are done, most are not."""
    wait_until(lambda: unfinished(running) <= SCANS - 5, what="a few scans are done")


def kill_pool_process(worker: Process) -> None:
    (child,) = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)


def assert_one_report_each(running: Service, ids: list[str]) -> None:
    wait_until(lambda: unfinished(running) == 0, what="every scan ended", seconds=120)
    found = scans(running)
    assert {scan["id"] for scan in found} == set(ids)
    assert {scan["state"] for scan in found} == {"done"}, found
    for scan_id in ids:
        assert running.client.get(f"/v1/scans/{scan_id}/report").status_code == 200
    assert max(finishes(running.worker).values()) == 1


def finishes(worker: Process) -> Counter[str]:
    """How often each scan was finished, by the log of all workers that there were."""
    events = [json.loads(line) for line in worker.log().splitlines() if line.startswith("{")]
    return Counter(event["scan"] for event in events if event["event"] == "done")
