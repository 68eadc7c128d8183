"""Handlers that the sandbox tests run in the child: well-behaved, broken and hostile ones."""

import contextlib
import os
import select
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

Answer = tuple[Mapping[str, Any], Mapping[str, Any]]
Answers = Generator[Answer, None, Answer]


class OtherPackageError(Exception):
    """Stands for an error class of a package that the sandbox knows nothing of."""

    code = "manifest_odd"


def handle(request: dict[str, Any], file: BinaryIO | None) -> Answer | Answers:
    """Do what `request["do"]` names."""
    return ACTIONS[request["do"]](request, file)


def aborting(request: dict[str, Any], file: BinaryIO | None) -> Answer:
    """End the process as a library written in C or Rust may do."""
    os.abort()


def _echo(request: dict[str, Any], file: BinaryIO | None) -> Answer:
    data = b"" if file is None else file.read()
    return {"said": request.get("say"), "bytes": len(data), "pid": os.getpid()}, {}


def _array(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    shape = tuple(request["shape"])
    values = np.arange(int(np.prod(shape)), dtype=np.int64) % 251
    return {}, {"values": values.reshape(shape).astype(request["dtype"])}


def _sleep(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    started = time.monotonic()
    time.sleep(request["seconds"])
    return {"from": started, "to": time.monotonic()}, {}


def _spin(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    while True:
        pass


def _work(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    end = time.process_time() + request["seconds"]
    while time.process_time() < end:
        pass
    return {}, {}


_kept: list[bytearray] = []


def _litter(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    """Free all but the last of many pieces, so that the heap cannot shrink by itself."""
    pieces = [bytearray(b"x" * 60_000) for _ in range(1000)]
    _kept.append(pieces[-1])
    del pieces
    return _work(request, None)


def _descriptors(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    count = 0
    for descriptor in range(64):
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            count += 1
    return {"count": count}, {}


def _abort(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    os.abort()


def _fail(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    raise RuntimeError("a bug in the handler")


def _refuse(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    raise OtherPackageError("no such manifest")


def _hoard(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    return {"sum": int(np.ones(request["bytes"], np.uint8)[::4096].sum())}, {}


def _connect(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    try:
        socket.create_connection(("127.0.0.1", request["port"]), timeout=2).close()
    except OSError as error:
        return {"refused": True, "why": str(error)}, {}
    return {"refused": False}, {}


def _wait(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    with select.epoll() as events:
        return {"events": len(events.poll(timeout=0))}, {}


def _write(request: dict[str, Any], file: BinaryIO | None) -> Answer:
    assert file is not None
    given = file.fileno()
    attempts: dict[str, Callable[[], int]] = {
        "new": lambda: Path(request["path"]).write_bytes(b"x"),
        "given": lambda: os.write(given, b"x"),
        "reopened": lambda: Path(f"/proc/self/fd/{given}").write_bytes(b"x"),
    }
    tried = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError as error:
            tried[name] = error.strerror
        else:
            tried[name] = "written"
    return tried, {}


def _run(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    try:
        subprocess.run(["/bin/true"], check=True)
    except OSError as error:
        return {"refused": error.strerror}, {}
    return {"refused": ""}, {}


def _look(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    try:
        return {"read": len(Path(request["path"]).read_bytes())}, {}
    except OSError as error:
        return {"refused": error.strerror}, {}


def _surroundings(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    started = []
    thread = threading.Thread(target=lambda: started.append(True))
    thread.start()
    thread.join()
    return {
        "environment": sorted(os.environ),
        "folder": Path.cwd().as_posix(),
        "path": sys.path,
        "thread": started == [True],
    }, {}


def _lie(request: dict[str, Any], _: BinaryIO | None) -> Answer:
    """Put raw bytes in the place of a reply, then wait to be believed."""
    body = request["header"].encode()
    length = request.get("length", len(body))
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, length.to_bytes(4, "big") + body)
    time.sleep(30)
    return {}, {}


def _parts(request: dict[str, Any], _: BinaryIO | None) -> Answers:
    """Parts with an array each, and then what `request["then"]` names."""
    for number in range(request["count"]):
        values = np.full(request.get("bytes", 10), number, np.uint8)
        yield {"number": number}, {"values": values}
    if "then" in request:
        found = ACTIONS[request["then"]](request, None)
        assert not isinstance(found, Generator)
        return found
    return {"count": request["count"], "pid": os.getpid()}, {}


def _probe(_: dict[str, Any], __: BinaryIO | None) -> Answer:
    return {"kind": "video", "container": "mp4", "codec": "h264", "seconds": 20.0}, {}


def _video(request: dict[str, Any], _: BinaryIO | None) -> Answers:
    """A film whose decoder dies behind the second frame."""
    for number in range(2):
        told = {"of": 4, "seconds": number / 2, "shot": 0, "container": "mp4"}
        yield told, {"pixels": np.full((120, 160, 3), 50 * number, np.uint8)}
    os.abort()


ACTIONS: dict[str, Callable[[dict[str, Any], BinaryIO | None], Answer | Answers]] = {
    "echo": _echo,
    "array": _array,
    "sleep": _sleep,
    "spin": _spin,
    "work": _work,
    "litter": _litter,
    "descriptors": _descriptors,
    "abort": _abort,
    "fail": _fail,
    "refuse": _refuse,
    "hoard": _hoard,
    "connect": _connect,
    "wait": _wait,
    "write": _write,
    "run": _run,
    "look": _look,
    "surroundings": _surroundings,
    "lie": _lie,
    "parts": _parts,
    "probe": _probe,
    "video": _video,
}
