"""A form of the page with any number of files and addresses: each becomes a scan or is refused alone."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.multipart import Parts, add_text, check_kind, malformed, parser_for
from service.api.submission import Intake
from service.api.uploads import BATCH_BYTES, FILE, FILES, FRAGMENT
from service.db.lifecycle import Scan
from service.errors import InvalidRequest, ServiceError, UnknownField
from service.names import no_such
from service.reporting.report import Profile
from service.scans.intake import MAX_FRAGMENTS, Received, Receiver, display_name, name_in
from service.scans.use_cases import Scans

MOST: Final = 100
TEXTS: Final = frozenset({"url", "profile"})


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file or address: a scan, or the reason why there is none."""

    name: str
    scan: Scan | None
    refusal: ServiceError | None


@dataclass(slots=True)
class _File:
    """A file while it arrives, with the fragments that follow it."""

    name: str
    pending: bytearray = field(default_factory=bytearray)
    sizes: list[int] = field(default_factory=lambda: [0])
    ended: bool = False
    receiver: Receiver | None = None
    refusal: ServiceError | None = None


async def submit_several(request: Request, intake: Intake) -> tuple[Sent, ...]:
    """Take in all that a form holds; one that is refused does not hold the others.

    Raises `InvalidRequest` and `UnknownField` for what is wrong with the form itself; then nothing
    is kept.
    """
    parts = _Files()
    parser = parser_for(request, parts)
    with ExitStack() as stack:
        async for chunk in request.stream():
            with malformed():
                parser.write(chunk)
            for file in parts.files:
                if len(file.pending) >= BATCH_BYTES or (file.ended and file.pending):
                    await run_in_threadpool(_store, intake.scans, file, stack)
        if not parts.complete:
            raise InvalidRequest("the multipart body ends in the middle of a part")
        profile = _profile(parts.texts.get("profile") or Profile.FULL)
        addresses = parts.texts.get("url", "").split()
        if not 1 <= len(parts.files) + len(addresses) <= MOST:
            raise InvalidRequest(f"choose 1 to {MOST} files, or give the address of one")
        sent = [
            await run_in_threadpool(_taken, intake.scans, file, profile, stack)
            for file in parts.files
        ]
        fetching: CapacityLimiter = request.app.state.fetching
        for address in addresses:
            fetch = partial(_fetched, intake, address, profile)
            sent.append(await to_thread.run_sync(fetch, limiter=fetching))
    return tuple(sent)


def _store(scans: Scans, file: _File, stack: ExitStack) -> None:
    if file.refusal is None:
        try:
            if file.receiver is None:
                file.receiver = stack.enter_context(scans.receive(file.name))
            file.receiver.write(bytes(file.pending))
        except ServiceError as error:
            file.refusal = error
    file.pending.clear()


def _taken(scans: Scans, file: _File, profile: Profile, stack: ExitStack) -> Sent:
    _store(scans, file, stack)
    if file.refusal is not None or file.receiver is None:
        return Sent(file.name, None, file.refusal)
    try:
        received = file.receiver.finish()
    except ServiceError as error:
        return Sent(file.name, None, error)
    sizes = tuple(file.sizes) if len(file.sizes) > 1 else ()
    return _accepted(scans, replace(received, parts=sizes), profile)


def _fetched(intake: Intake, address: str, profile: Profile) -> Sent:
    try:
        with intake.scans.receive(name_in(address)) as receiver:
            intake.fetch(address, receiver)
            received = receiver.finish()
    except ServiceError as error:
        return Sent(address, None, error)
    return _accepted(intake.scans, received, profile)


def _accepted(scans: Scans, received: Received, profile: Profile) -> Sent:
    try:
        return Sent(received.name, scans.accept(received, profile=profile), None)
    except ServiceError as error:
        return Sent(received.name, None, error)


def _profile(untrusted: str) -> Profile:
    if untrusted not in set(Profile):
        raise InvalidRequest(no_such("profile", untrusted, Profile))
    return Profile(untrusted)


class _Files(Parts):
    """The parser's callbacks: files in the order they come, and the texts beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[_File] = []
        self.texts: dict[str, str] = {}
        self._name = ""
        self._file_name = ""
        self._file: _File | None = None
        self._text: bytearray | None = None

    def opened(self, name: str, untrusted_file_name: str | None) -> None:
        if name not in FILES | TEXTS:
            raise UnknownField(no_such("field", name, FILES | TEXTS))
        check_kind(name, takes_file=name in FILES, is_file=untrusted_file_name is not None)
        if name in self.texts:
            raise InvalidRequest(f"the field {name} was sent twice")
        self._name, self._file, self._text = name, None, None
        if untrusted_file_name is None:
            self._text = bytearray()
        else:
            self._file_name = untrusted_file_name

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._text is not None:
            add_text(self._text, data[start:end])
            return
        file = self._file or self._begin()
        file.pending += data[start:end]
        file.sizes[-1] += end - start

    def closed(self) -> None:
        if self._text is not None:
            self.texts[self._name] = self._text.decode("utf-8", "replace")
        elif self._file is None and self._file_name and self._name == FILE:
            self._begin()  # an empty file, and not an input that nobody used
        if self._file is not None:
            self._file.ended = True

    def _begin(self) -> _File:
        """A part counts from its first byte: an unused input of a page is one without any."""
        if self._name == FRAGMENT:
            if len(self.files) != 1:
                raise InvalidRequest("fragments belong to one file, and nothing else is sent then")
            if len(self.files[0].sizes) > MAX_FRAGMENTS:
                raise InvalidRequest(f"a file has at most {MAX_FRAGMENTS} fragments")
            self.files[0].sizes.append(0)
        else:
            if len(self.files) == MOST:
                raise InvalidRequest(f"at most {MOST} files are taken together")
            self.files.append(_File(display_name(self._file_name)))
        self._file = self.files[-1]
        self._file.ended = False
        return self._file
