"""Start `assay serve` as a user would and talk to it over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

ROOT: Final = Path(__file__).parents[1]
ASSAY: Final = (sys.executable, "-m", "service.cli")
_ADDRESS: Final = re.compile(r"http://\S+:\d+")
_QUEUES: Final = frozenset({"image", "audio", "video", "provenance"})
_FINAL_STATES: Final = frozenset({"done", "failed", "expired"})


class NotServing(RuntimeError):
    """The service did not start, or ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one upload."""

    scan: dict[str, Any]
    seconds: float  # from the first byte sent to the final state seen


class Running:
    """A service of its own on a free port, in its own data folder; of another `tree` if asked."""

    def __init__(
        self,
        data: Path,
        environment: Mapping[str, str] | None = None,
        *,
        workers: int | None = 2,
        tree: Path = ROOT,
    ) -> None:
        self.environment = {**os.environ, "ASSAY_DATA_DIR": str(data), **(environment or {})}
        self.address = ""
        self._workers = () if workers is None else ("--workers", str(workers))
        self._tree = tree
        self._said: deque[str] = deque(maxlen=40)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [*ASSAY, "serve", "--port", "0", *self._workers],
            cwd=self._tree,
            env={**self.environment, "PYTHONPATH": str(self._tree)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        listening = threading.Event()
        self._reader = threading.Thread(target=self._listen, args=(listening,), daemon=True)
        self._reader.start()
        if not listening.wait(60) or not self.address:
            self.stop()
            raise NotServing("\n".join(self._said))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the supervisor."""
        if self._process is None:
            raise NotServing("not started")
        return self._process.pid

    @property
    def said(self) -> str:
        """The last lines the service printed."""
        return "\n".join(self._said)

    def stop(self) -> int:
        """Press Ctrl-C and wait; returns the exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        status = self._process.wait(60)
        if self._reader is not None:
            self._reader.join(60)  # until the last process that holds the pipe is gone
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status

    def wait_ready(self, seconds: float = 120) -> None:
        """Wait until every queue of scans has a worker. Raises `NotServing`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                workers = self.get("/health/ready")["workers"]
                if {queue for worker in workers for queue in worker["queues"]} >= _QUEUES:
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.1)
        raise NotServing(f"the workers did not become ready\n{self.said}")

    def upload(self, path: Path, profile: str = "full") -> dict[str, Any]:
        """POST a file; returns the scan. Raises `urllib.error.HTTPError` when it is refused."""
        boundary = uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{path.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        body = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        scan: dict[str, Any] = json.loads(
            self._send("POST", f"/v1/scans?profile={profile}", body, headers)
        )
        return scan

    def finished(self, scan_id: str, seconds: float = 300, every: float = 0.02) -> dict[str, Any]:
        """Poll until the scan is over; returns it. Raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            scan = self.get(f"/v1/scans/{scan_id}")
            if scan["state"] in _FINAL_STATES:
                return scan
            time.sleep(every)
        raise TimeoutError(f"scan {scan_id} is still {scan['state']}\n{self.said}")

    def scanned(self, path: Path, profile: str = "full") -> Answer:
        """Upload and wait."""
        clock = time.perf_counter()
        scan = self.finished(self.upload(path, profile)["id"])
        return Answer(scan, time.perf_counter() - clock)

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._send("GET", path))
        return found

    def html(self, scan_id: str) -> str:
        """The report as a self-contained page."""
        accept = {"Accept": "text/html"}
        return self._send("GET", f"/v1/scans/{scan_id}/report", headers=accept).decode()

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        request = urllib.request.Request(
            self.address + path, data=body, headers=dict(headers or {}), method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            data: bytes = answer.read()
            return data

    def _listen(self, listening: threading.Event) -> None:
        """In a thread: keep what the service prints and catch its address."""
        if self._process is None or self._process.stdout is None:
            return
        for line in self._process.stdout:
            self._said.append(line.rstrip())
            found = _ADDRESS.search(line)
            if found and not self.address:
                self.address = found[0]
                listening.set()
        listening.set()
