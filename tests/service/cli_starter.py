"""A process that has imported what every `assay` command imports, and forks one for each request.

Run as a program with a connected socket as its argument. A request is a JSON document with three
open files beside it; the answers are the child's process id, and its exit status when it ended.
Nothing that starts threads is imported here, so that a fork is as good as a fresh process.
"""

import gc
import json
import os
import runpy
import socket
import sys
import time
from typing import Any, Final

import service.cli.installed
import service.cli.main
import service.wiring  # noqa: F401

LONGEST_REQUEST: Final = 1 << 20


def _become(request: dict[str, Any], files: list[int]) -> None:
    """Run the command in this child, up to the interpreter's own ending."""
    for wanted, file in enumerate(files):
        os.dup2(file, wanted)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    time.tzset()
    sys.argv[1:] = request["arguments"]
    runpy.run_module("service.cli", run_name="__main__", alter_sys=True)


def main() -> None:
    """Serve requests until the other side is gone; returns in children only."""
    desk = socket.socket(fileno=int(sys.argv[1]))
    gc.freeze()  # else every child's first collection copies all that was imported
    while True:
        message, files, _, _ = socket.recv_fds(desk, LONGEST_REQUEST, 3)
        if not message:
            return
        child = os.fork()
        if not child:
            desk.close()
            _become(json.loads(message), files)
            return
        for file in files:
            os.close(file)
        desk.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        desk.send(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    main()
