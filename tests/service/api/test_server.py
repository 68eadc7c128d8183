"""What only shows over a real connection: uploads cut short, and streams that are left."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests import media
from tests.service import reports
from tests.service.webapp import LIMIT, Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(320, 240))
PART = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
CLAIMED = 4 * 1024**3


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.no_sign_found))


@pytest.fixture
def connection(api: Desk) -> Iterator[socket.socket]:
    with serving(api.app) as address:
        parts = urlsplit(address)
        with closing(socket.create_connection((parts.hostname, parts.port), timeout=20)) as made:
            yield made


def begin_upload(connection: socket.socket, body: bytes) -> None:
    """Send the head of a request that claims far more than the body given here."""
    head = (
        "POST /v1/scans HTTP/1.1\r\nHost: test\r\n"
        f"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {CLAIMED}\r\n\r\n"
    )
    connection.sendall(head.encode() + PART + body)


def answer(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """The response to an upload that is not complete and never will be."""
    received = b""
    while b"\r\n\r\n" not in received or not received.endswith(b"}"):
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def wait_until_nothing_is_stored(api: Desk) -> None:
    deadline = time.monotonic() + 5
    while api.stored() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert api.stored() == []


def test_a_file_over_the_limit_is_refused_long_before_it_has_arrived(
    api: Desk, connection: socket.socket
) -> None:
    begin_upload(connection, PHOTO + bytes(2 * LIMIT))
    status, problem = answer(connection)
    assert (status, problem["code"]) == (413, "file_too_large")
    assert api.stored() == []


def test_a_file_of_no_known_kind_is_refused_by_its_first_bytes(
    api: Desk, connection: socket.socket
) -> None:
    begin_upload(connection, b"plain words, repeated at length. " * 20_000)
    status, problem = answer(connection)
    assert (status, problem["code"]) == (415, "unsupported_kind")
    assert api.stored() == []


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(
    api: Desk, connection: socket.socket
) -> None:
    begin_upload(connection, PHOTO + bytes(LIMIT // 2))
    deadline = time.monotonic() + 5
    while not api.stored() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert api.stored() != []
    connection.close()
    wait_until_nothing_is_stored(api)
    assert api.scans.list(limit=1).items == ()


def test_a_client_that_leaves_the_events_does_not_disturb_the_others(
    api: Desk, connection: socket.socket
) -> None:
    scan_id = api.send(PHOTO)
    request = f"GET /v1/scans/{scan_id}/events HTTP/1.1\r\nHost: test\r\n\r\n"
    connection.sendall(request.encode())
    received = b""
    while b"event: progress" not in received:
        received += connection.recv(65536)
    connection.close()
    api.work()
    assert api.client.get(f"/v1/scans/{scan_id}").json()["state"] == "done"


def test_the_web_process_stays_small_under_large_uploads(tmp_path: Path) -> None:
    environment = {**os.environ, "ASSAY_DATA_DIR": str(tmp_path), "ASSAY_OPEN": "true"}
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        descriptor = listening.fileno()
        command = [sys.executable, "-m", "uvicorn", "--factory", "service.app:serve_app"]
        command += ["--fd", str(descriptor), "--log-level", "warning"]
        process = subprocess.Popen(command, env=environment, pass_fds=[descriptor])
        try:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx2.Client(base_url=address, timeout=60) as client:
                for _ in range(3):
                    movie = b"\x00\x00\x00\x18ftypmp42" + bytes(96 * 1024**2)
                    sent = client.post("/v1/scans", files={"file": ("film.mp4", movie)})
                    assert sent.status_code == 202
                assert client.get("/").status_code == 200
            assert peak_mebibytes(process.pid) < 200
        finally:
            process.terminate()
            process.wait()


def peak_mebibytes(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text()
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")
    )
