"""The life of a sandboxed child: confine, import the handler, confine for good, answer calls."""

import codecs
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from itertools import count
from types import TracebackType
from typing import Any, BinaryIO

from detectors import heap
from detectors.media import confine, wire

Answer = tuple[Mapping[str, Any], Mapping[str, Any]]
Handler = Callable[[dict[str, Any], BinaryIO | None], Answer | Generator[Answer, None, Answer]]
"""Request and file in; JSON body and arrays out.

What a generator yields is sent at once, as a part that comes before the answer it returns.
An exception with a text attribute `code` goes back to the caller as that code and its message.
`MemoryError` goes back as `out_of_memory`. Any other exception ends the child.
"""

# Imported on first use otherwise, when no file can be opened any more.
_ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "idna")
_REQUEST_BYTES = 16 * 1024**2
COLLECT_EVERY = 16
"""Calls that answer without arrays; looking for garbage takes a quarter of the shortest of them."""
LONG_SECONDS = 0.5
"""Of processor time, after which a call's memory goes back to the system: a film leaves 30 MB, and for a
small picture, of 5 ms, that would take 2 ms."""


def main(descriptor: int) -> None:
    """Serve the parent at the other end of `descriptor` until it hangs up."""
    link = wire.Link(socket.socket(fileno=descriptor))
    start, _, _ = link.receive(header_bytes=_REQUEST_BYTES, array_bytes=0)
    held = confine.before_imports(
        descriptors=start["descriptors"],
        threads=start["threads"],
        die_with_parent=start["die_with_parent"],
    )
    module, _, name = start["handler"].partition(":")
    handler: Handler = getattr(import_module(module), name)
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    try:
        limits, _, _ = link.receive(header_bytes=_REQUEST_BYTES, array_bytes=0)
    except wire.HungUp:
        return  # started ahead, and then not needed
    held |= confine.after_imports(
        memory_bytes=limits["memory_bytes"], open_files=limits["open_files"]
    )
    sys.excepthook = _last_words(link)
    gc.freeze()  # so that collecting after every call looks at that call's objects alone
    link.send({"hardening": held})
    _serve(link, handler)


def _serve(link: wire.Link, handler: Handler) -> None:
    for number in count(1):
        try:
            call, _, descriptor = link.receive(header_bytes=_REQUEST_BYTES, array_bytes=0)
        except wire.HungUp:
            return
        # Should the parent die without a word, the kernel ends a child that hangs.
        signal.setitimer(signal.ITIMER_REAL, call["seconds"])
        begun = time.process_time()
        header, arrays, large = _answer(link, handler, call["request"], descriptor)
        if arrays:
            link.send(header, arrays)
        else:
            link.hold(header)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if large or number % COLLECT_EVERY == 0:
            del header, arrays
            gc.collect()  # decoders sit in reference cycles, with all their frame buffers
        if time.process_time() - begun > LONG_SECONDS:
            heap.give_back()


def _answer(
    link: wire.Link, handler: Handler, request: dict[str, Any], descriptor: int | None
) -> tuple[dict[str, Any], Mapping[str, Any], bool]:
    """What to send last, once all parts are sent, and whether much memory was used for it."""
    file = None if descriptor is None else os.fdopen(descriptor, "rb")
    in_parts = False
    try:
        found = handler(request, file)
        in_parts = isinstance(found, Generator)
        body, arrays = _after_parts(link, found) if isinstance(found, Generator) else found
    except MemoryError as error:
        return {"error": "out_of_memory", "detail": str(error)}, {}, in_parts
    except Exception as error:
        code = getattr(error, "code", None)
        if not isinstance(code, str):
            raise
        return {"error": code, "detail": str(error)}, {}, in_parts
    finally:
        if file is not None:
            file.close()
    return {"body": dict(body)}, arrays, in_parts or bool(arrays)


def _after_parts(link: wire.Link, parts: Generator[Answer, None, Answer]) -> Answer:
    """Send each part as it comes; returns the answer."""
    while True:
        try:
            body, arrays = next(parts)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        link.send({"part": dict(body)}, arrays)


def _last_words(
    link: wire.Link,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """What an unexpected exception says to the parent before the child goes."""

    def say(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        link.send({"error": "handler_failed", "detail": f"{kind.__name__}: {error}"[:500]})

    return say
