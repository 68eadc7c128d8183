"""Measure how many uploads the API accepts a second while a worker is busy, beside a bare endpoint.

    python -m deploy.benchmarks.uploads [--seconds 20] [--connections 16] [--processes 1]

PostgreSQL, Redis and `assay serve`, which is API and worker, are started here. The bare endpoint is
FastAPI that stores a form's file in a folder and does nothing else; it runs in the same run, first
and last, beside the same worker and in as many processes. It leaves its file to the system's cache,
where a power cut takes it. The durable one is the same but syncs the file and its folder, as the
service does before it answers. Rates and waits are by the clock: run it on an idle machine.
Processor times say more on a busy one.
"""

import argparse
import asyncio
import os
import signal
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

from deploy.benchmarks import kept, memory
from deploy.benchmarks.kept import Figure
from service.access.keyring import Keyring
from service.access.principal import Scope
from service.analysis.source import DEFAULT_TENANT
from service.cli.serve import SERVING
from service.db.access import AccessRows
from service.db.engine import Database
from tests import media
from tests.e2e import servers

BARE: Final = """
import os, secrets, shutil, socket, sys
from pathlib import Path
import uvicorn
from fastapi import FastAPI, UploadFile

folder, app, durable = Path(sys.argv[1]), FastAPI(), sys.argv[4] == "durable"
handle = os.open(folder, os.O_RDONLY)

@app.post("/v1/scans", status_code=202)
def store(file: UploadFile) -> dict[str, str]:
    name = secrets.token_hex(16)
    with (folder / name).open("wb") as out:
        shutil.copyfileobj(file.file, out)
        if durable:
            out.flush()
            os.fsync(out.fileno())
            os.fsync(handle)
    return {"id": name}

listener = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=512)
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio only does where it binds
for _ in range(int(sys.argv[3]) - 1):
    if os.fork() == 0:
        break
config = uvicorn.Config(app, access_log=False, log_level="warning")
uvicorn.Server(config).run(sockets=[listener])
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
class Endpoint:
    """Where files are sent to, and the processes that take them."""

    port: int
    processes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """What one endpoint did under load."""

    what: str
    accepted: int
    refused: int
    rate: float  # accepted a second
    p50: float  # ms
    p99: float  # ms
    work: float  # ms of processor time of the endpoint's processes for each file


def main() -> int:
    """Print the figures; 1 where a target is missed."""
    parser = kept.options(__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of load for each endpoint")
    parser.add_argument("--connections", type=int, default=16, help="that send at the same time")
    parser.add_argument("--processes", type=int, default=1, help="of each endpoint")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="assay-bench-") as name,
        _deployment(Path(name), options.processes) as (ours, key),
        _bare(Path(name), options.processes, durable=False) as bare,
        _bare(Path(name), options.processes, durable=True) as durable,
    ):
        first = _loaded("bare, first", bare, options)
        opened = _loaded("assay", ours, options)
        counted = _loaded("assay, key and limits", ours, options, key)
        synced = _loaded("bare and durable", durable, options)
        last = _loaded("bare, last", bare, options)
    figures = _figures(first, opened, counted, synced, last)
    return kept.finish("uploads", figures, write=options.write, beside="bare endpoint")


@contextmanager
def _deployment(folder: Path, processes: int) -> Iterator[tuple[Endpoint, str]]:
    """An API whose worker is busy, and a key for it."""
    port = servers.free_port()
    with servers.redis(folder) as redis, servers.postgresql() as database:
        settings = {
            "ASSAY_BROKER_URL": redis.url,
            "ASSAY_DATABASE_URL": database,
            "ASSAY_DATA_DIR": str(folder),
            **PLENTY,
        }
        command = [str(Path(sys.executable).with_name("assay")), "serve", "--port", str(port)]
        command += ["--open", "--processes", str(processes)]
        serving = servers.Process(command, folder / "serve.log", settings)
        serving.start()
        try:
            servers.wait_until(lambda: servers.answers(port), what="the API answers")
            servers.wait_until(lambda: len(_api(serving.pid)) == processes, what="the API runs")
            yield Endpoint(port, _api(serving.pid)), _key(database)
        finally:
            serving.stop()


def _api(supervisor: int) -> tuple[int, ...]:
    """The processes that serve, among the children of `assay serve`."""
    children = memory.children(supervisor)
    return tuple(pid for pid in children if SERVING in Path(f"/proc/{pid}/cmdline").read_text())


def _key(database: str) -> str:
    opened = Database(database)
    key = Keyring(AccessRows(opened)).create(DEFAULT_TENANT, "benchmark", {Scope.SCANS_WRITE})
    opened.close()
    return key.text


@contextmanager
def _bare(folder: Path, processes: int, *, durable: bool) -> Iterator[Endpoint]:
    what = "durable" if durable else "bare"
    port, stored = servers.free_port(), folder / what
    stored.mkdir()
    command = [sys.executable, "-c", BARE, str(stored), str(port), str(processes), what]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        servers.wait_until(lambda: servers.answers(port), what="the bare endpoint answers")
        servers.wait_until(
            lambda: len(memory.children(process.pid)) == processes - 1,
            what="all of its processes run",
        )
        yield Endpoint(port, (process.pid, *memory.children(process.pid)))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _loaded(
    what: str, endpoint: Endpoint, options: argparse.Namespace, key: str | None = None
) -> Load:
    photo = media.jpeg(media.photo_like(512, 384))
    request = _request(photo + os.urandom(max(0, SIZE - len(photo))), key)
    return asyncio.run(_load(what, endpoint, request, options.seconds, options.connections))


async def _load(
    what: str, endpoint: Endpoint, request: bytes, seconds: float, connections: int
) -> Load:
    await _lane(endpoint.port, request, time.monotonic() + WARM_SECONDS)
    before = _work(endpoint)
    end = time.monotonic() + seconds
    lanes = await asyncio.gather(*(_lane(endpoint.port, request, end) for _ in range(connections)))
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
        work=(_work(endpoint) - before) / len(waits) * 1000,
    )


def _work(endpoint: Endpoint) -> float:
    """Processor seconds that its processes have used so far."""
    ticks = 0
    for pid in endpoint.processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


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


def _figures(
    first: Load, opened: Load, counted: Load, synced: Load, last: Load
) -> Iterator[Figure]:
    bare = (first.rate + last.rate) / 2
    what = "uploads of 100 KB"
    yield Figure(what=what, value=opened.rate, unit="a second", target=TARGET_RATE, at_least=True)
    yield Figure(what=f"{what}, p99", value=opened.p99, unit="ms", target=TARGET_P99)
    yield Figure(what=f"{what}, refused", value=opened.refused, unit="uploads", target=0)
    for words, load, beside, target in (
        ("beside a bare endpoint", opened, bare, TARGET_SHARE),
        ("with a key and limits, beside a bare endpoint", counted, bare, None),
        ("beside a bare endpoint that makes the file durable", opened, synced.rate, None),
    ):
        yield Figure(
            what=f"{what}, {words}",
            value=load.rate,
            unit="a second",
            target=target,
            at_least=True,
            beside=beside,
        )
    yield Figure(what=f"{what}, processor time", value=opened.work, unit="ms", beside=first.work)


if __name__ == "__main__":
    sys.exit(main())
