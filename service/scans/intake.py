"""The door for untrusted bytes: hashed, typed by content and measured while they arrive."""

import hashlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, Final, Self, cast
from urllib.parse import unquote, urlsplit

from detectors.base import Kind
from detectors.media.sniff import HEAD_BYTES, MediaType, is_certain, sniff, sniff_file
from service.analysis.credentials import MAX_STORE
from service.analysis.source import Sidecar, Source
from service.db.lifecycle import BlobKey
from service.errors import (
    EmptyFile,
    FileTooLarge,
    UnreadMedia,
    UnsupportedKind,
)
from service.scans.unchanged import stamp_of
from service.storage.protocol import BlobWriter

CHUNK_BYTES: Final = 1024**2
NAME_LENGTH: Final = 120
UNNAMED: Final = "unnamed"
SIDECAR: Final = ".c2pa"
MAX_FRAGMENTS: Final = 1000
"""Of one video; at the usual two to six seconds each, more than half an hour."""

# Unicode categories that never belong in a name: controls, invisible and direction-changing
# format characters, surrogates, private use, unassigned, line and paragraph separators.
_UNFIT: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One stored upload: what intake learned and where the bytes lie.

    `parts` are the sizes of the segments that were joined to make it, if it is a fragmented video.
    """

    sha256: str
    size: int
    name: str
    type: MediaType
    blob: BlobKey
    secret: bytes | None = field(default=None, repr=False)  # what the blob is sealed with
    parts: tuple[int, ...] = ()


class Gauge:
    """Learns size and type from bytes that pass, and refuses as soon as it can."""

    def __init__(
        self, limits: Mapping[Kind, int] | None, *, head: bytes = b"", size: int = 0
    ) -> None:
        """Of the `size` bytes that passed before, `head` are the first `HEAD_BYTES`."""
        self._limits = limits
        self._is_certain = False
        self._head = head
        self._type: MediaType | None = None
        self._size = size
        if len(head) == HEAD_BYTES:
            self._judge_head()

    def take(self, chunk: bytes) -> None:
        """Raises `UnsupportedKind` after the first `HEAD_BYTES`, `FileTooLarge` at the limit."""
        self._size += len(chunk)
        if self._type is None:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._judge_head()
        self._check_size()

    def _judge_head(self) -> None:
        self._is_certain = is_certain(self._head)
        found = sniff(self._head)
        self._type = _accepted(found) if self._is_certain else found

    def _check_size(self) -> None:
        """What may still turn out to be of another kind is held to the largest of the limits."""
        if self._limits is None or self._type is None:
            return
        kind = self._type.kind if self._is_certain else None
        limit = max(self._limits.values()) if kind is None else self._limits[kind]
        if self._size > limit:
            if kind is None:
                raise FileTooLarge(f"a file may have at most {limit:,} bytes")
            named = kind.value
            raise FileTooLarge(f"{named} files may have at most {limit:,} bytes")


class Inspector(Gauge):
    """A gauge of a whole file, which learns its digest too."""

    def __init__(self, limits: Mapping[Kind, int] | None) -> None:
        super().__init__(limits)
        self._digest = hashlib.sha256()

    def take(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        super().take(chunk)

    def finish(
        self, arrived: Callable[[], AbstractContextManager[BinaryIO]]
    ) -> tuple[str, int, MediaType]:
        """SHA-256 in hex, size in bytes, type. Raises `EmptyFile` and what `take` raises.

        `arrived` opens what was taken, where its first bytes do not settle what it is.
        """
        if self._size == 0:
            raise EmptyFile("no byte arrived")
        if self._type is None:
            self._judge_head()
        if not self._is_certain:
            with arrived() as file:
                self._type = _accepted(sniff_file(file))
            self._is_certain = True
        self._check_size()
        return self._digest.hexdigest(), self._size, cast(MediaType, self._type)


class Receiver:
    """Takes an upload chunk by chunk into storage. As a context manager it aborts on any error."""

    def __init__(
        self,
        open_writer: Callable[[], BlobWriter],
        limits: Mapping[Kind, int],
        untrusted_name: str,
        secret: bytes | None = None,
    ) -> None:
        """`secret` is what the writer seals with, if it does."""
        self._inspector = Inspector(limits)
        self._name = display_name(untrusted_name)
        self._secret = secret
        self._writer = open_writer()
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._finished:
            self.abort()

    def write(self, chunk: bytes) -> int:
        """Check, then store. Raises `UnsupportedKind` or `FileTooLarge`."""
        self._inspector.take(chunk)
        return self._writer.write(chunk)

    def finish(self) -> Received:
        """Everything arrived: make it durable. Raises `EmptyFile` and what `write` raises."""
        sha256, size, media_type = self._inspector.finish(self._writer.reopen)
        blob = self._writer.commit()
        self._finished = True
        return Received(
            sha256=sha256,
            size=size,
            name=self._name,
            type=media_type,
            blob=blob,
            secret=self._secret,
        )

    def abort(self) -> None:
        """Leave nothing on disk."""
        self._writer.abort()


def receive_all(file: BinaryIO, receiver: Receiver) -> Received:
    """Read a file object to its end into a receiver, which is aborted on any error."""
    with receiver:
        while chunk := file.read(CHUNK_BYTES):
            receiver.write(chunk)
        return receiver.finish()


def source_from_path(path: Path, limits: Mapping[Kind, int] | None = None) -> Source:
    """Open a local file for analysis without storing it; the caller closes `Source.file`.

    A sidecar that lies beside it comes with it. Raises `OSError`, `EmptyFile`, `UnsupportedKind`,
    `FileTooLarge`.
    """
    file = path.open("rb")
    try:
        stamp = stamp_of(file)
        source = replace(_inspected(file, path.name, limits), stamp=stamp)
        sidecar = _sidecar_of(path)
    except BaseException:
        file.close()
        raise
    return source if sidecar is None else replace(source, sidecar=sidecar)


def read_sidecar(path: Path, *, asked: bool = True) -> Sidecar:
    """Read a manifest store that lies outside its file. Raises `OSError`, `FileTooLarge`."""
    with path.open("rb") as file:
        store = file.read(MAX_STORE + 1)
    if len(store) > MAX_STORE:
        raise FileTooLarge(f"{path.name}: more than the {MAX_STORE} bytes of a manifest store")
    return Sidecar(store=store, asked=asked)


def _sidecar_of(path: Path) -> Sidecar | None:
    """Find `photo.c2pa` or `photo.jpg.c2pa` beside `photo.jpg`."""
    name = os.fspath(path)
    for beside in (os.path.splitext(name)[0] + SIDECAR, name + SIDECAR):  # noqa: PTH122 (speed)
        # In archives this is asked twice for every file. Links are not followed there either.
        if os.path.isfile(beside) and not os.path.islink(beside):  # noqa: PTH113, PTH114
            return read_sidecar(Path(beside), asked=False)
    return None


def joined_from_paths(paths: Sequence[Path], limits: Mapping[Kind, int] | None = None) -> Source:
    """Join an initialisation segment and its fragments; raises what `source_from_path` raises."""
    sizes: list[int] = []
    with tempfile.TemporaryFile() as spool:
        for path in paths:
            with path.open("rb") as part:
                shutil.copyfileobj(part, spool, CHUNK_BYTES)
            sizes.append(spool.tell() - sum(sizes))
        spool.seek(0)
        source = source_from_stream(spool, paths[0].name, limits)
    return replace(source, parts=tuple(sizes))


@contextmanager
def source_from_blob(file: BinaryIO, name: str) -> Iterator[Source]:
    """A stored upload as a source: hashed again, because a report is about exactly these bytes."""
    with file:
        yield _inspected(file, name, None)


def source_from_stream(
    stream: BinaryIO, untrusted_name: str, limits: Mapping[Kind, int] | None = None
) -> Source:
    """Spool standard input or a download to an unnamed temporary file; raises like the above."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes Source.file)
    inspector = Inspector(limits)
    try:
        while chunk := stream.read(CHUNK_BYTES):
            inspector.take(chunk)
            file.write(chunk)
        return _source(inspector, file, untrusted_name)
    except BaseException:
        file.close()
        raise


def display_name(untrusted_name: str) -> str:
    """A name fit to show: the last path part, no control or direction characters, 120 at most.

    It is never a path or a key. The extension survives the cut.
    """
    base = untrusted_name.replace("\\", "/").rsplit("/", 1)[-1]
    name = " ".join((base if base.isascii() and base.isprintable() else _fit(base)).split())
    if not name.strip("."):
        return UNNAMED
    if len(name) <= NAME_LENGTH:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = dot + extension if stem and len(extension) <= 10 else ""
    return name[: NAME_LENGTH - len(tail) - 1] + "…" + tail


def _fit(untrusted_name: str) -> str:
    composed = unicodedata.normalize("NFC", untrusted_name)
    return "".join(letter for letter in composed if unicodedata.category(letter) not in _UNFIT)


def name_in(untrusted_url: str) -> str:
    """The last part of the path, or the host; `display_name` makes it fit to show."""
    try:
        parts = urlsplit(untrusted_url)
        return PurePosixPath(unquote(parts.path)).name or parts.hostname or ""
    except ValueError:
        return ""


def _inspected(file: BinaryIO, untrusted_name: str, limits: Mapping[Kind, int] | None) -> Source:
    inspector = Inspector(limits)
    while chunk := file.read(CHUNK_BYTES):
        inspector.take(chunk)
    return _source(inspector, file, untrusted_name)


def _source(inspector: Inspector, file: BinaryIO, untrusted_name: str) -> Source:
    sha256, size, media_type = inspector.finish(lambda: _kept_open(file))
    file.seek(0)
    return Source(
        file=file, name=display_name(untrusted_name), size=size, sha256=sha256, type=media_type
    )


@contextmanager
def _kept_open(file: BinaryIO) -> Iterator[BinaryIO]:
    yield file


def _accepted(found: MediaType) -> MediaType:
    if found.kind is None and found.traced_as is None:
        is_media = found.media_type.startswith(("image/", "audio/", "video/"))
        refusal = UnreadMedia if is_media else UnsupportedKind
        raise refusal(f"by its content the file is {found.media_type}")
    return found
