"""The fleet that `deploy.soak` torments: servers, an API, and three workers, each a machine of its own."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.servers import (
    Process,
    Redis,
    Service,
    free_port,
    postgresql_server,
    redis,
    service,
)
from tests.service.buckets import S3Bucket, s3_server

NAMESPACE: Final = "assay-soak"
HERE, THERE = "10.231.77.1", "10.231.77.2"
LINK: Final = "assaysoak0"
DISK_MEGABYTES: Final = 96
FAKETIME: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
SETTINGS: Final = {
    "ASSAY_LEASES__SECONDS": "10",
    "ASSAY_LEASES__ATTEMPTS": "20",  # the same scan may be at work at many of our kills
    "ASSAY_LEASES__RECONCILE_SECONDS": "1",
    "ASSAY_LEASES__RESEND_SECONDS": "5",
    "ASSAY_RESERVE_BYTES": str(16 << 20),
}


class Forwarder:
    """Passes TCP connections on to a server, so that it can be reached at another address.

    While it is `cut` it takes what is sent and passes nothing on, as a network does that is gone.
    """

    def __init__(self, host: str, target: tuple[str, int] | str) -> None:
        """`target` is host and port, or the path of a socket file."""
        self.host, self.port = host, free_port()
        self._target = target
        self._open, self._listening = threading.Event(), threading.Event()
        self._open.set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._listening.wait()

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        async with await asyncio.start_server(self._pass_on, self.host, self.port):
            self._listening.set()
            await self._ended.wait()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            if isinstance(self._target, str):
                far_reader, far_writer = await asyncio.open_unix_connection(self._target)
            else:
                far_reader, far_writer = await asyncio.open_connection(*self._target)
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        writer.close()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                while not self._open.is_set():
                    await asyncio.sleep(0.05)
                target.write(data)
                await target.drain()
        except OSError:
            pass
        finally:
            target.close()


@dataclass(slots=True)
class Distant:
    """A machine that reaches everything over one line, which can be cut.

    With root it has a network namespace of its own, and the line is its only interface.
    """

    forwarders: tuple[Forwarder, ...]
    namespaced: bool

    @property
    def how(self) -> str:
        return "network namespace, link down" if self.namespaced else "proxy that passes nothing on"

    def cut(self) -> None:
        if self.namespaced:
            _ip("link", "set", LINK, "down")
        for forwarder in () if self.namespaced else self.forwarders:
            forwarder.cut()

    def mend(self) -> None:
        if self.namespaced:
            _ip("link", "set", LINK, "up")
        for forwarder in () if self.namespaced else self.forwarders:
            forwarder.mend()

    @property
    def prefix(self) -> list[str]:
        return ["ip", "netns", "exec", NAMESPACE] if self.namespaced else []


@dataclass(slots=True)
class Disk:
    """What the API and the workers write to beside the servers: small, where root can make it so."""

    folder: Path
    small: bool

    def fill(self) -> None:
        with (self.folder / "ballast").open("wb") as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
                file.flush()

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


@dataclass(slots=True)
class Clock:
    """The clock of one worker, by libfaketime; there is none without the library."""

    file: Path
    library: Path | None

    def shift(self, hours: int) -> None:
        self.file.write_text(f"{hours:+d}h\n" if hours else "+0\n")

    @property
    def environment(self) -> dict[str, str]:
        if self.library is None:
            return {}
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@dataclass(slots=True)
class Fleet:
    """Everything that runs."""

    running: Service
    broker: Redis
    database: Process
    database_url: str
    bucket: S3Bucket
    workers: tuple[Process, ...]
    distant: Distant
    disk: Disk
    clock: Clock
    environment: Mapping[str, str]


@contextmanager
def fleet(folder: Path, faketime: Path | None) -> Iterator[Fleet]:
    """Servers and an API that answer, and workers that are still to be started."""
    with ExitStack() as stack:
        broker = stack.enter_context(redis(folder))
        database, url = stack.enter_context(postgresql_server())
        bucket = stack.enter_context(s3_server()).new_bucket()
        disk = stack.enter_context(_disk(folder / "disk"))
        clock = Clock(folder / "clock", faketime)
        clock.shift(0)
        distant = stack.enter_context(_distant(broker, url, bucket))
        near = {
            "ASSAY_BROKER_URL": broker.url,
            "ASSAY_DATABASE_URL": url,
            "ASSAY_STORAGE": bucket.url,
            "TMPDIR": str(disk.folder),
            **bucket.server.environment,
            **SETTINGS,
        }
        running = stack.enter_context(service(disk.folder, near))
        own = {**near, "ASSAY_DATA_DIR": str(disk.folder), "ASSAY_LOG_JSON": "true"}
        workers = (
            _worker(folder, "near", own, []),
            _worker(folder, "clock", own | clock.environment, []),
            _worker(folder, "distant", own | _over(distant), distant.prefix),
        )
        for worker in workers:
            stack.callback(worker.stop)
        running.start_api()
        yield Fleet(running, broker, database, url, bucket, workers, distant, disk, clock, own)


def _worker(folder: Path, name: str, environment: Mapping[str, str], prefix: list[str]) -> Process:
    command = [*prefix, sys.executable, "-m", "workers", "--queues", "provenance"]
    return Process(command, folder / f"worker-{name}.log", environment)


def sweeper(found: Fleet, folder: Path) -> Process:
    """A worker that looks for orphans at once and takes nothing for too young."""
    soon = {"ASSAY_LEASES__ORPHAN_SECONDS": "1", "ASSAY_LEASES__SWEEP_SECONDS": "1"}
    return _worker(folder, "sweeper", {**found.environment, **soon}, [])


def _over(distant: Distant) -> dict[str, str]:
    broker, database, store = distant.forwarders
    return {
        "ASSAY_BROKER_URL": f"redis://{broker.host}:{broker.port}/0",
        "ASSAY_DATABASE_URL": f"postgresql://assay@{database.host}:{database.port}/postgres",
        "AWS_ENDPOINT_URL": f"http://{store.host}:{store.port}",
    }


@contextmanager
def _distant(broker: Redis, database_url: str, bucket: S3Bucket) -> Iterator[Distant]:
    namespaced = os.getuid() == 0 and shutil.which("ip") is not None
    with ExitStack() as stack:
        if namespaced:
            stack.callback(subprocess.run, ["ip", "netns", "del", NAMESPACE], check=False)
            _ip("netns", "add", NAMESPACE)
            _ip("link", "add", LINK, "type", "veth", "peer", "name", "line", "netns", NAMESPACE)
            _ip("addr", "add", f"{HERE}/30", "dev", LINK)
            _ip("link", "set", LINK, "up")
            _ip("-n", NAMESPACE, "addr", "add", f"{THERE}/30", "dev", "line")
            _ip("-n", NAMESPACE, "link", "set", "line", "up")
            _ip("-n", NAMESPACE, "link", "set", "lo", "up")
        socket_file = f"{database_url.partition('host=')[2]}/.s.PGSQL.5432"
        host = HERE if namespaced else "127.0.0.1"
        targets = (
            ("127.0.0.1", broker.port),
            socket_file,
            ("127.0.0.1", bucket.server.port),
        )
        forwarders = tuple(Forwarder(host, target) for target in targets)
        for forwarder in forwarders:
            stack.callback(forwarder.close)
        yield Distant(forwarders, namespaced)


@contextmanager
def _disk(folder: Path) -> Iterator[Disk]:
    folder.mkdir()
    size = f"size={DISK_MEGABYTES}m"
    small = os.getuid() == 0
    if small:
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)  # noqa: S607
    try:
        yield Disk(folder, small)
    finally:
        if small:
            subprocess.run(["umount", "-l", str(folder)], check=False)  # noqa: S607


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)  # noqa: S607 (where distributions have it)
