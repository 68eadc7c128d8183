"""A real worker process: how it starts, serves, stops, and what it leaves."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.servers import ROOT, Service, service, wait_until
from tests.media import jpeg, photo_like


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, {}) as made:
        made.start_api()
        yield made


def workers(running: Service) -> int:
    return len(running.client.get("/health/ready").json()["workers"])


def send(running: Service) -> str:
    files = {"file": ("a.jpg", jpeg(photo_like(64, 64)), "image/jpeg")}
    answer = running.client.post("/v1/scans", files=files, data={"profile": "provenance"})
    return str(answer.json()["id"])


def state(running: Service, scan_id: str) -> str:
    return str(running.client.get(f"/v1/scans/{scan_id}").json()["state"])


def test_a_worker_announces_itself_works_and_leaves_at_sigterm(running: Service) -> None:
    running.worker.start()
    wait_until(lambda: workers(running) == 1, what="the worker is announced")
    scan_id = send(running)
    wait_until(lambda: state(running, scan_id) == "done", what="the scan is done", seconds=20)
    running.worker.terminate()
    assert running.worker.wait() == 0
    assert workers(running) == 0


def test_the_children_of_a_killed_worker_end_by_themselves(running: Service) -> None:
    running.worker.start()
    wait_until(lambda: workers(running) == 1, what="the worker is announced")
    group = running.worker.pid
    assert len(alive(group)) > 1
    running.worker.kill_alone()
    wait_until(lambda: alive(group) == [], what="no process is left", seconds=20)


def test_an_unknown_queue_is_refused() -> None:
    command = [sys.executable, "-m", "workers", "--queues", "image,pictures"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "no such queue: pictures" in run.stderr


def test_two_scans_at_a_time_need_a_broker_that_is_a_server(tmp_path: Path) -> None:
    """In a shared pool the death of one child would keep all others waiting."""
    command = [sys.executable, "-m", "workers", "--concurrency", "2"]
    environment = {**os.environ, "ASSAY_DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    assert run.returncode == 2
    assert "start several workers" in run.stderr


def alive(group: int) -> list[int]:
    """Processes of a process group that are not merely waiting to be buried."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


def test_a_worker_takes_in_the_uploads_and_addresses_of_a_batch_and_finishes_it(
    running: Service,
) -> None:
    picture = jpeg(photo_like(64, 64))
    begun = running.client.post("/v1/uploads", json={"name": "a.jpg", "size": len(picture)}).json()
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    assert running.client.patch(begun["address"], content=picture, headers=headers).is_success
    lines = (
        {"upload": begun["id"], "reference": "ours", "profile": "provenance"},
        {"url": str(running.client.base_url.join("/"))},
    )
    batch = running.client.post(
        "/v1/batches",
        content="\n".join(map(json.dumps, lines)),
        headers={"Content-Type": "application/x-ndjson"},
    ).json()
    assert batch["wrong"] == []
    running.worker.start()
    address = batch["links"]["self"]
    wait_until(
        lambda: running.client.get(address).json()["state"] == "done", what="the batch is done"
    )
    found = running.client.get(batch["links"]["results"]).text.splitlines()
    ours, refused = map(json.loads, found)
    assert (ours["reference"], ours["state"]) == ("ours", "done")
    assert (refused["state"], refused["failure"]["code"]) == ("failed", "url_refused")
