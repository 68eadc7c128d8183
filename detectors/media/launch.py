"""Start the process of a sandbox. Light, so that a command may do it before all its imports.

A child spends most of a short command's time on imports of its own, which then run beside those of
its parent. Standard library only.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from detectors.media.limits import Confinement
from detectors.media.wire import Link

DECODER: Final = "detectors.media.child:handle"
"""The handler that decodes media."""

_BOOTSTRAP: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from detectors.media.serve import main; main(int(sys.argv[2]))"
)
# One thread for linear algebra: nothing in a child does any, and each thread would cost memory.
# Freed frames go back to the system at once; glibc would keep hundreds of megabytes.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYDANTIC_DISABLE_PLUGINS": "1",  # it would look through every distribution for them
    "MALLOC_ARENA_MAX": "1",  # what a film's threads free goes back with the rest
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    # That alone would have the heap shrink after every file and grow, page by page, with the next.
    "MALLOC_TRIM_THRESHOLD_": "8388608",
}


@dataclass(frozen=True, slots=True)
class Launched:
    """A child that imports its handler and then waits to be told its limits."""

    handler: str
    process: "subprocess.Popen[bytes]"
    link: Link
    owner: int  # process that started it

    @classmethod
    def now(cls, handler: str, confinement: Confinement) -> Self:
        """A fresh interpreter that sees our modules but not our environment, terminal or files."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        link = Link(ours)
        paths = [str(Path(entry or ".").resolve()) for entry in sys.path]
        with theirs:
            process = subprocess.Popen(  # noqa: S603 (our own interpreter, a constant program)
                [sys.executable, "-I", "-c", _BOOTSTRAP, json.dumps(paths), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        link.send(
            {
                "handler": handler,
                "descriptors": confinement.descriptors,
                "threads": confinement.threads,
                "die_with_parent": threading.current_thread() is threading.main_thread(),
            }
        )
        return cls(handler, process, link, os.getpid())


_AHEAD: Final[dict[str, Launched]] = {}


def launch_ahead(*handlers: str) -> None:
    """Start a child for each that the first sandbox of this handler will find already there."""
    for handler in handlers:
        _AHEAD[handler] = Launched.now(handler, Confinement())


def launched(handler: str, confinement: Confinement) -> Launched:
    """A child for this handler: the one started ahead, if it was started like this, or a new one."""
    ahead, usual = _AHEAD.pop(handler, None), Confinement()
    alike = (usual.descriptors, usual.threads) == (confinement.descriptors, confinement.threads)
    if ahead is not None and ahead.owner == os.getpid() and alike:
        return ahead
    return Launched.now(handler, confinement)
