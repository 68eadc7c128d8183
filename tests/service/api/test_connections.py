"""Slow clients end by themselves and shut nobody out."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from service.api.connections import Patience, patient
from tests.service import reports
from tests.service.webapp import StandIn, desk

PATIENCE = Patience(header_seconds=0.6, stall_seconds=0.6, bytes_per_second=1000, unfinished=5)
UPLOAD = (
    b"POST /v1/scans HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n"
    b"Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    app = desk(tmp_path, StandIn(reports.no_sign_found)).app
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", http=patient(PATIENCE))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def begin(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(data)
    return connection


def answered(connection: socket.socket) -> bytes:
    with connection:
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


def test_headers_that_never_end_are_answered_with_a_timeout(port: int) -> None:
    answer = answered(begin(port, b"GET / HTTP/1.1\r\nHost: test\r\nX: "))
    assert b" 408 " in answer
    assert b"request_timeout" in answer


def test_an_upload_that_stalls_is_answered_with_a_timeout(port: int) -> None:
    answer = answered(begin(port, UPLOAD))
    assert b" 408 " in answer
    assert b"upload_stalled" in answer


def test_of_too_many_unfinished_requests_the_oldest_makes_room(port: int) -> None:
    stalled = []
    for _ in range(6):
        stalled.append(begin(port, b"GET / HTTP/1.1\r\n"))
        time.sleep(0.03)  # a line that nobody read yet would be answered by a reset
    assert b"too_many_connections" in answered(stalled.pop(0))
    whole = b"GET /health/live HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    assert b" 200 " in answered(begin(port, whole))
    for connection in stalled:
        connection.close()
