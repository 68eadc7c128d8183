"""A received file on its way through the analysis: its bytes, and what intake learned from them."""

from dataclasses import dataclass
from typing import BinaryIO, Final

from detectors.media.sniff import MediaType

DEFAULT_TENANT: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A manifest store beside a file, and whether somebody asked for just this one.

    One that merely lies there is used if the file has no credentials of its own.
    """

    store: bytes
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Size in bytes and times in nanoseconds of a local file when it was hashed.

    `settled` says that a write after that would move the times.
    """

    size: int
    modified_ns: int
    changed_ns: int
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One received file: an open handle with what intake learned from its bytes.

    `parts` are the sizes of the segments that were joined to make it, if it is a fragmented video.
    """

    file: BinaryIO
    name: str
    size: int
    sha256: str
    type: MediaType
    sidecar: Sidecar | None = None
    parts: tuple[int, ...] = ()
    tenant: str = DEFAULT_TENANT
    stamp: Stamp | None = None  # of what others may write to meanwhile
