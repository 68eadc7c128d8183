"""Measure how many uploads the API accepts a second while a worker is busy, beside a bare endpoint.

    python -m deploy.benchmark_uploads [--seconds 20] [--connections 16]

PostgreSQL, Redis and `assay serve`, which is API and worker, are started here. The bare endpoint is
FastAPI that stores a form's file in a folder and does nothing else; it runs in the same run, first
and last, beside the same worker. Rates and waits are by the clock: run it on an idle machine.
Processor times say more on a busy one.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

from rich.console import Console
from rich.table import Table

from service.access.keyring import Keyring
from service.access.principal import Scope
from service.analysis.source import DEFAULT_TENANT
from service.cli.serve import SERVING
from service.db.access import AccessRows
from service.db.engine import Database
from tests import media
from tests.e2e import servers

BARE: Final = """
import secrets, shutil, sys
from pathlib import Path
import uvicorn
from fastapi import FastAPI, UploadFile

folder, app = Path(sys.argv[1]), FastAPI()

@app.post("/v1/scans", status_code=202)
def store(file: UploadFile) -> dict[str, str]:
    name = secrets.token_hex(16)
    with (folder / name).open("wb") as out:
        shutil.copyfileobj(file.file, out)
    return {"id": name}

uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
"""

SIZE: Final = 100_000
EDGE: Final = b"edge-of-a-part"
WARM_SECONDS: Final = 2.0
TARGET_RATE: Final = 200.0
TARGET_P99: Final = 150.0
TARGET_SHARE: Final = 0.5


PLENTY: Final = {
    f"ASSAY_QUOTAS__{name}": str(10**12)
    for name in (
        "KEY_REQUESTS_PER_MINUTE",
        "KEY_UPLOAD_BYTES_PER_DAY",
        "REQUESTS_PER_MINUTE",
        "UPLOAD_BYTES_PER_DAY",
        "KEY_SCANS_IN_FLIGHT",
        "SCANS_IN_FLIGHT",
    )
}
"""Limits that are all counted and never reached. Who shows no key is not counted."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one endpoint did under load."""

    what: str
    accepted: int
    refused: int
    rate: float  # accepted a second
    p50: float  # ms
    p99: float  # ms
    work: float  # ms of processor time of the endpoint's process for each file


def main() -> int:
    """Print the figures; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of load for each endpoint")
    parser.add_argument("--connections", type=int, default=16, help="that send at the same time")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="assay-bench-") as name,
        _deployment(Path(name)) as (ours, key),
        _bare(Path(name)) as bare,
    ):
        first = _loaded("bare, first", bare, options)
        opened = _loaded("assay", ours, options)
        counted = _loaded("assay, key and limits", ours, options, key)
        last = _loaded("bare, last", bare, options)
    return _print(first, opened, counted, last)


@contextmanager
def _deployment(folder: Path) -> Iterator[tuple[tuple[int, int], str]]:
    """Port and process of an API whose worker is busy, and a key for it."""
    port = servers.free_port()
    with servers.redis(folder) as redis, servers.postgresql() as database:
        settings = {
            "ASSAY_BROKER_URL": redis.url,
            "ASSAY_DATABASE_URL": database,
            "ASSAY_DATA_DIR": str(folder),
            **PLENTY,
        }
        command = [str(Path(sys.executable).with_name("assay")), "serve", "--port", str(port)]
        serving = servers.Process([*command, "--open"], folder / "serve.log", settings)
        serving.start()
        try:
            servers.wait_until(lambda: servers.answers(port), what="the API answers")
            servers.wait_until(lambda: bool(_api(serving.pid)), what="the API runs")
            yield (port, _api(serving.pid)[0]), _key(database)
        finally:
            serving.stop()


def _api(supervisor: int) -> list[int]:
    """The process that serves, among the children of `assay serve`."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [int(pid) for pid in children if SERVING in Path(f"/proc/{pid}/cmdline").read_text()]


def _key(database: str) -> str:
    opened = Database(database)
    key = Keyring(AccessRows(opened)).create(DEFAULT_TENANT, "benchmark", {Scope.SCANS_WRITE})
    opened.close()
    return key.text


@contextmanager
def _bare(folder: Path) -> Iterator[tuple[int, int]]:
    port, stored = servers.free_port(), folder / "bare"
    stored.mkdir()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(stored), str(port)])
    try:
        servers.wait_until(lambda: servers.answers(port), what="the bare endpoint answers")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _loaded(
    what: str, endpoint: tuple[int, int], options: argparse.Namespace, key: str | None = None
) -> Load:
    photo = media.jpeg(media.photo_like(512, 384))
    request = _request(photo + os.urandom(max(0, SIZE - len(photo))), key)
    return asyncio.run(_load(what, *endpoint, request, options.seconds, options.connections))


async def _load(
    what: str, port: int, pid: int, request: bytes, seconds: float, connections: int
) -> Load:
    await _lane(port, request, time.monotonic() + WARM_SECONDS)
    before = _work(pid)
    end = time.monotonic() + seconds
    lanes = await asyncio.gather(*(_lane(port, request, end) for _ in range(connections)))
    waits = [wait for lane in lanes for status, wait in lane if status == 202]
    refused = sum(status != 202 for lane in lanes for status, _ in lane)
    cuts = quantiles(waits, n=100)
    return Load(
        what=what,
        accepted=len(waits),
        refused=refused,
        rate=len(waits) / seconds,
        p50=cuts[49] * 1000,
        p99=cuts[98] * 1000,
        work=(_work(pid) - before) / len(waits) * 1000,
    )


def _work(pid: int) -> float:
    """Processor seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _lane(port: int, request: bytes, end: float) -> list[tuple[int, float]]:
    """One client that sends the next file as soon as it has the answer: statuses and seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    while time.monotonic() < end:
        begun = time.monotonic()
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        await reader.readexactly(length)
        answers.append((int(head.split()[1]), time.monotonic() - begun))
    writer.close()
    return answers


def _request(data: bytes, key: str | None) -> bytes:
    disposition = b'Content-Disposition: form-data; name="file"; filename="photo.jpg"'
    body = b"--" + EDGE + b"\r\n" + disposition + b"\r\n\r\n" + data + b"\r\n--" + EDGE + b"--\r\n"
    head = (
        "POST /v1/scans HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: multipart/form-data; boundary={EDGE.decode()}\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    if key is not None:
        head += f"Authorization: Bearer {key}\r\n"
    return head.encode() + b"\r\n" + body


def _print(first: Load, opened: Load, counted: Load, last: Load) -> int:
    table = Table("endpoint", "accepted", "refused", "a second", "p50 ms", "p99 ms", "CPU ms")
    for load in (first, opened, counted, last):
        counts = (str(load.accepted), str(load.refused), f"{load.rate:.0f}")
        table.add_row(load.what, *counts, f"{load.p50:.0f}", f"{load.p99:.0f}", f"{load.work:.1f}")
    bare = (first.rate + last.rate) / 2
    share = opened.rate / bare
    console = Console()
    console.print(table)
    met = opened.rate >= TARGET_RATE and opened.p99 <= TARGET_P99 and share >= TARGET_SHARE
    console.print(
        f"assay accepts {share:.2f} of what the bare endpoint does, {counted.rate / bare:.2f} with "
        f"a key and limits (wanted: {TARGET_RATE:.0f} a second, p99 {TARGET_P99:.0f} ms, share "
        f"{TARGET_SHARE}): {'met' if met else 'missed'}"
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
