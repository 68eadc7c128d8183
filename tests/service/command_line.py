"""Run the `assay` command as a user does: in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ASSAY = (sys.executable, "-m", "service.cli")
START_SECONDS: Final = 120
RUN_SECONDS: Final = 240


@dataclass(frozen=True, slots=True)
class Ran:
    """What a finished command left behind."""

    code: int
    out: str
    err: str


def environment(data: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with a data folder of its own, 100 columns, English, no colour."""
    wanted = {
        "ASSAY_DATA_DIR": str(data),
        "ASSAY_LANGUAGE": "en",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    return {**os.environ, **wanted, **(more or {})}


def assay(
    *arguments: str | Path,
    data: Path,
    stdin: bytes = b"",
    more: Mapping[str, str] | None = None,
) -> Ran:
    """Run to the end, at most four minutes, in a process that was forked after the imports."""
    return _starter().run(tuple(map(str, arguments)), environment(data, more), stdin)


class _Starter:
    """The process that `tests.service.cli_starter` describes, and one command at a time in it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._desk, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.service.cli_starter", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
            )

    def run(self, arguments: Sequence[str], settings: Mapping[str, str], stdin: bytes) -> Ran:
        request = {"arguments": arguments, "environment": settings, "folder": str(Path.cwd())}
        with self._turn, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            reading, writing = os.pipe()
            files = [reading, out.fileno(), err.fileno()]
            self._desk.settimeout(START_SECONDS)
            socket.send_fds(self._desk, [json.dumps(request).encode()], files)
            os.close(reading)
            child = int(self._desk.recv(64))
            self._desk.settimeout(RUN_SECONDS)
            try:
                _feed(writing, stdin)
                code = int(self._desk.recv(64))
            except BaseException:  # also what ends a test from outside
                os.kill(child, signal.SIGKILL)
                self._desk.recv(64)
                raise
            out.seek(0)
            err.seek(0)
            return Ran(code, out.read().decode(), err.read().decode())


def _feed(pipe: int, content: bytes) -> None:
    """Like a shell's pipe: a command that reads nothing is no error."""
    with suppress(BrokenPipeError), os.fdopen(pipe, "wb") as file:
        file.write(content)


@cache
def _starter() -> _Starter:
    return _Starter()
