"""Multipart uploads, pushed through the parser into a receiver while they arrive.

Starlette's own form parser would spool the whole body before anybody could refuse it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.multipart import Parts, add_text, check_kind, malformed, parser_for
from service.errors import InvalidRequest, UnknownField
from service.names import no_such
from service.scans.intake import MAX_FRAGMENTS, Receiver, display_name

BATCH_BYTES: Final = 256 * 1024
"""Handed to a thread at a time; a refusal comes at most this much late."""

FILE: Final = "file"
FRAGMENT: Final = "fragment"
FILES: Final = frozenset({FILE, FRAGMENT})
TEXTS: Final = frozenset(
    {"url", "upload", "place", "profile", "reference", "labels", "priority", "reuse", "max_age"}
)

Open = Callable[[str], Receiver]


@dataclass(slots=True)
class Form:
    """A form that has arrived.

    `file_name` is that of its file, None without one. Of the file, `receiver` holds what was handed
    over while it arrived, not yet finished; `rest` is what came after that, all of a small file.
    `sizes` are those of the file and of each of its fragments, which follow it in the receiver.
    """

    fields: dict[str, str] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    file_name: str | None = None
    receiver: Receiver | None = None
    rest: bytes = b""


async def read_form(request: Request, open_receiver: Open, stack: ExitStack) -> Form:
    """Read a multipart body to its end; a receiver that a large file needs is entered on `stack`.

    Raises `InvalidRequest`, `UnknownField` and whatever the receiver refuses with. The answer to a refusal goes
    out at once, while the server still discards what the client sends: closing the connection
    instead would reset it, and most clients would never see the answer.
    """
    parts = _Parts()
    parser = parser_for(request, parts)
    form = Form()

    async for chunk in request.stream():
        with malformed():
            parser.write(chunk)
        if len(parts.pending) >= BATCH_BYTES:
            if form.receiver is None:
                form.receiver = await run_in_threadpool(open_receiver, parts.file_name or "")
                stack.enter_context(form.receiver)
            await run_in_threadpool(form.receiver.write, bytes(parts.pending))
            parts.pending.clear()
    if not parts.complete:
        raise InvalidRequest("the multipart body ends in the middle of a part")
    # A browser sends an unused file input as a file without name and content.
    if parts.pending or parts.file_name or form.receiver is not None:
        form.file_name = parts.file_name or ""
    form.fields, form.sizes, form.rest = parts.fields, parts.sizes, bytes(parts.pending)
    return form


class _Parts(Parts):
    """The parser's callbacks: collects fields, and the bytes of the file until handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.sizes: list[int] = []
        self.file_name: str | None = None
        self.pending = bytearray()
        self._name = ""
        self._text: bytearray | None = None
        self._part: _FilePart | None = None

    def opened(self, name: str, untrusted_file_name: str | None) -> None:
        self._name = name
        if not name:
            raise InvalidRequest("a part of the form has no name")
        if name not in FILES | TEXTS:
            raise UnknownField(no_such("field", name, FILES | TEXTS))
        check_kind(name, takes_file=name in FILES, is_file=untrusted_file_name is not None)
        self._text = self._part = None
        if untrusted_file_name is not None:
            self._part = _FilePart(untrusted_file_name)
        elif name in self.fields:
            raise InvalidRequest(f"the field {name} was sent twice")
        else:
            self._text = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._begin_file(self._part)
            self.pending += data[start:end]
            self.sizes[-1] += end - start
        elif self._text is not None:
            add_text(self._text, data[start:end])

    def closed(self) -> None:
        if self._part is not None and self._part.name:
            self._begin_file(self._part)
            if self._name == FRAGMENT and self.sizes[-1] == 0:
                raise InvalidRequest(f"the fragment {self._part.name[:40]!a} is empty")
        if self._text is not None:
            self.fields[self._name] = self._text.decode("utf-8", "replace")

    def _begin_file(self, part: "_FilePart") -> None:
        """Count a part with its first byte: an unused file input of a page is one without any."""
        if part.begun:
            return
        part.begun = True
        if self._name == FRAGMENT and self.file_name is None:
            raise InvalidRequest("a fragment comes after the file that it belongs to")
        if self._name == FRAGMENT and len(self.sizes) > MAX_FRAGMENTS:
            raise InvalidRequest(f"a file has at most {MAX_FRAGMENTS} fragments")
        if self._name == FILE and self.file_name is not None:
            second = ascii(display_name(part.name))
            raise InvalidRequest(f"{second} is a second file; send each in a request of its own")
        if self._name == FILE:
            self.file_name = part.name
        self.sizes.append(0)


@dataclass(slots=True)
class _FilePart:
    """A file, or one fragment, while it arrives."""

    name: str
    begun: bool = False
