"""Real processes for end-to-end tests: the service's own, and the servers of a fleet."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import pytest

ROOT: Final = Path(__file__).parents[2]
START_SECONDS: Final = 60.0


class Process:
    """A process in a group of its own, that can be killed hard and started again."""

    def __init__(
        self,
        command: list[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=ROOT if self._user is None else "/",
                user=self._user,
                extra_groups=[] if self._user is not None else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL to the process and all it started, as a power cut would."""
        self._signal(signal.SIGKILL)

    def kill_alone(self) -> None:
        """SIGKILL to the process only; what it started must notice by itself."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def terminate(self) -> None:
        """SIGTERM: finish what runs, then end."""
        os.kill(self.pid, signal.SIGTERM)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """This signal, and after a while SIGKILL."""
        if self._process is None or self._process.poll() is not None:
            return
        os.kill(self.pid, by)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait()

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _signal(self, number: int) -> None:
        os.killpg(self.pid, number)
        self.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, what: str, seconds: float = START_SECONDS) -> None:
    """Fail the test when the condition does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"after {seconds:g} s still not: {what}")
        time.sleep(0.02)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Redis(Process):
    """A Redis that keeps nothing on disk: killed, it has lost every message."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not installed")
        self.port = free_port()
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        super().__init__([program, *arguments, "--dir", str(folder)], folder / "redis.log")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        super().start()
        wait_until(lambda: answers(self.port), what="Redis answers", seconds=20)


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    """A running Redis; the test is skipped where it is not installed."""
    server = Redis(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a server of its own; skips as `postgresql_server` does."""
    with postgresql_server() as (_, url):
        yield url


@contextmanager
def postgresql_server() -> Iterator[tuple[Process, str]]:
    """A server that can be killed and started, and the URL of its empty database, reached by a
    socket file only.

    The test is skipped where PostgreSQL is not installed. Its programs refuse to run as root, so
    root starts them as another user.
    """
    initdb, server = _postgresql_program("initdb"), _postgresql_program("postgres")
    user = _unprivileged()
    # pytest's folders are closed to other users, and a socket's path may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="assay-pg-") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", str(data), "-U", "assay", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd="/",
            user=user,
            extra_groups=[] if user is not None else None,
        )
        log = folder / "server.log"
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
        process = Process([server, "-D", str(data), "-c", "fsync=off", *options], log, user=user)
        process.start()
        try:
            wait_until(
                lambda: "ready to accept connections" in process.log(),
                what="PostgreSQL answers",
                seconds=30,
            )
            yield process, f"postgresql://assay@/postgres?host={folder}"
        finally:
            process.stop(signal.SIGQUIT)  # at once; by SIGTERM it waits for every client to leave


def _postgresql_program(name: str) -> str:
    found = shutil.which(name)
    if found is not None:
        return found
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not packaged:
        pytest.skip(f"PostgreSQL's {name} is not installed")
    return str(packaged[-1])


def _unprivileged() -> str | None:
    """Somebody else, where the tests run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@dataclass(frozen=True, slots=True)
class Service:
    """API and worker of one deployment, with a client for the API."""

    api: Process
    worker: Process
    client: httpx2.Client

    def start_api(self) -> None:
        self.api.start()
        wait_until(self._live, what="the API answers")

    def _live(self) -> bool:
        try:
            return self.client.get("/health/live").status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def service(
    folder: Path, settings: Mapping[str, str], queues: str = "provenance"
) -> Iterator[Service]:
    """A deployment in a folder; its processes are started by the test and stopped here."""
    port = free_port()
    environment = {
        "ASSAY_DATA_DIR": str(folder),
        "ASSAY_LOG_JSON": "true",
        "ASSAY_OPEN": "true",
        **settings,
    }
    uvicorn = [sys.executable, "-m", "uvicorn", "--factory", "service.app:serve_app"]
    api = Process(
        [*uvicorn, "--port", str(port), "--no-access-log"], folder / "api.log", environment
    )
    worker = Process(
        [sys.executable, "-m", "workers", "--queues", queues], folder / "worker.log", environment
    )
    with ExitStack() as stack:
        stack.callback(api.stop)
        stack.callback(worker.stop)
        base = f"http://127.0.0.1:{port}"
        client = stack.enter_context(httpx2.Client(base_url=base, timeout=30, trust_env=False))
        yield Service(api, worker, client)
