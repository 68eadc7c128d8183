"""Multipart batches: any number of files in one body, each taken in and scanned while it arrives."""

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.multipart import Parts, add_text, check_kind, malformed, parser_for
from service.api.uploads import BATCH_BYTES
from service.db.batch_lifecycle import Batch, NewItem
from service.db.lifecycle import Failure
from service.errors import (
    BatchTooLong,
    InvalidRequest,
    ServiceError,
    StorageUnavailable,
    UnknownField,
)
from service.names import no_such
from service.reporting.report import Profile
from service.scans.batch_lines import MAX_LINES, REFERENCE_LENGTH
from service.scans.batches import Batches
from service.scans.intake import Receiver

FILE: Final = "file"
REFERENCE: Final = "reference"


@dataclass(slots=True)
class Part:
    """A file while it arrives: what is not handed over yet, and where it goes."""

    name: str
    reference: str | None
    line: int
    pending: bytearray = field(default_factory=bytearray)
    ended: bool = False
    receiver: Receiver | None = None
    failure: Failure | None = None


Taker = Callable[[Part], None]
"""Is called in a thread with what arrived of a file, the last time when it has ended."""


async def read_files(request: Request, *takers: Taker) -> int:
    """Hand every file of a form to each of the takers; how many there are.

    Raises `InvalidRequest`, `UnknownField` and `BatchTooLong` for what is wrong with the form, and
    what the takers raise.
    """
    parts = _Files()
    parser = parser_for(request, parts)

    def take(part: Part) -> None:
        for taker in takers:
            taker(part)
        part.pending.clear()

    try:
        async for chunk in request.stream():
            with malformed():
                parser.write(chunk)
            await parts.hand_over(take)
        if not parts.complete:
            raise InvalidRequest("the multipart body ends in the middle of a part")
    finally:
        for part in parts.files:
            if part.receiver is not None:
                part.receiver.abort()
    if not parts.total:
        raise InvalidRequest("the batch is empty: send at least one file")
    return parts.total


class Prints:
    """What makes two forms the same: every file's name, reference and sha256, in their order."""

    def __init__(self) -> None:
        self.files: list[tuple[str, str | None, str]] = []
        self._digest = hashlib.sha256()

    def take(self, part: Part) -> None:
        self._digest.update(part.pending)
        if part.ended:
            self.files.append((part.name, part.reference, self._digest.hexdigest()))
            self._digest = hashlib.sha256()


class Taking:
    """Makes a scan of every file; one that is refused is a wrong line of the batch."""

    def __init__(self, batches: Batches, batch: Batch, profile: Profile) -> None:
        self._batches = batches
        self._batch = batch
        self._profile = profile

    def take(self, part: Part) -> None:
        """Store what is pending; at the end of the file make a scan of it, or note its refusal.

        Raises `BatchNotFound` when the batch was deleted or cancelled meanwhile.
        """
        if part.failure is None:
            try:
                self._store(part)
            except StorageUnavailable:
                raise
            except ServiceError as error:
                part.failure = Failure.of(error.code, str(error))
                self._drop(part)
        if part.ended and part.failure is not None:
            self._batches.add_wrong(self._batch, self._item(part))

    def _store(self, part: Part) -> None:
        if part.receiver is None:
            part.receiver = self._batches.receiver(part.name)
        part.receiver.write(bytes(part.pending))
        if part.ended:
            received = part.receiver.finish()
            part.receiver = None
            self._batches.add(self._batch, self._item(part), received)

    def _drop(self, part: Part) -> None:
        if part.receiver is not None:
            part.receiver.abort()
            part.receiver = None

    def _item(self, part: Part) -> NewItem:
        return NewItem(
            line=part.line,
            profile=self._profile,
            reference=part.reference,
            failure=part.failure,
        )


class _Files(Parts):
    """The parser's callbacks: files in the order they come, none kept longer than it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.files: deque[Part] = deque()
        self.total = 0
        self._text: bytearray | None = None
        self._reference: str | None = None

    async def hand_over(self, take: Callable[[Part], None]) -> None:
        """Hand over what is complete, or enough to be worth a thread."""
        while self.files and (self.files[0].ended or len(self.files[0].pending) >= BATCH_BYTES):
            await run_in_threadpool(take, self.files[0])
            if not self.files[0].ended:
                return
            self.files.popleft()

    def opened(self, name: str, untrusted_file_name: str | None) -> None:
        if name not in {FILE, REFERENCE}:
            raise UnknownField(no_such("field", name, (FILE, REFERENCE)))
        check_kind(name, takes_file=name == FILE, is_file=untrusted_file_name is not None)
        self._text = None
        if untrusted_file_name is None:
            self._text = bytearray()
            return
        if self.total == MAX_LINES:
            raise BatchTooLong(f"a batch has at most {MAX_LINES} files")
        self.total += 1
        self.files.append(Part(untrusted_file_name, self._reference, self.total))
        self._reference = None

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            self.files[-1].pending += data[start:end]
            return
        add_text(self._text, data[start:end])

    def closed(self) -> None:
        if self._text is None:
            self.files[-1].ended = True
            return
        reference = self._text.decode("utf-8", "replace")
        if len(reference) > REFERENCE_LENGTH or not reference.isprintable():
            raise InvalidRequest(f"a reference is at most {REFERENCE_LENGTH} printable characters")
        self._reference = reference or None
