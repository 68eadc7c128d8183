"""What the container walkers collect: every text a file carries about itself, and how it is built."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final

MAX_TEXTS: Final = 2000
MAX_VALUE: Final = 4 << 20
"""Longest single value that is read, in bytes; ComfyUI graphs reach one megabyte."""

MAX_TOTAL: Final = 16 << 20
MAX_PARTS: Final = 200
MAX_PART: Final = 4096
"""Most parts of a file's structure that are kept, and most bytes of each."""

MAX_STEPS: Final = 20_000
"""Most boxes, chunks or segments that are walked; a long video has thousands of chunks."""


class Carrier(StrEnum):
    """The kind of metadata a text was found in."""

    XMP = "XMP"
    EXIF = "EXIF"
    IIM = "IPTC-IIM"
    TEXT = "text"  # a keyword and a value: PNG, RIFF INFO, Vorbis, Matroska, MP4 tags
    COMMENT = "comment"  # free text without a keyword
    ID3 = "ID3"
    TRAILER = "trailer"  # bytes after the end of the picture


Details = dict[str, str | tuple[float, ...]]
"""Values by name: text, or numbers, a fraction with a zero denominator being NaN."""


class MetadataDamaged(Exception):
    """A structure contradicts itself; what was collected before stays."""


@dataclass(frozen=True, slots=True)
class Text:
    """One value with the name the container gives it."""

    carrier: Carrier
    container: str  # "PNG tEXt"
    key: str  # "parameters", "Iptc4xmpExt:DigitalSourceType", "Software"
    value: str
    name: str  # the key in lower case without its namespace prefix

    @property
    def where(self) -> str:
        return f"{self.container} {self.key}".strip()


@dataclass(frozen=True, slots=True)
class Part:
    """The first bytes of one part of the container: a JPEG segment, an MP4 box, an MP3 frame."""

    name: str  # "DQT", "elst", "frame"
    body: bytes
    size: int  # of the whole part, in bytes


@dataclass(slots=True)
class Metadata:
    """Everything collected from one file so far, within fixed limits."""

    texts: list[Text] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    details: Details = field(default_factory=dict)  # EXIF values that are no free text
    parts: list[Part] = field(default_factory=list)  # in file order
    total: int = 0

    def add(self, carrier: Carrier, container: str, key: str, value: str) -> None:
        value = value.strip("\x00 \r\n\t")
        if not value:
            return
        self.total += len(value)
        if len(self.texts) >= MAX_TEXTS or self.total > MAX_TOTAL:
            raise MetadataDamaged("more metadata than is read")
        name = key.rpartition(":")[2].strip().lower()
        self.texts.append(Text(carrier, container, key, value, name))

    def note(self, key: str, value: str | tuple[float, ...]) -> None:
        """Keep one EXIF value; of several under one name the first counts."""
        self.details.setdefault(key, value)

    def keep(self, name: str, body: bytes, size: int | None = None) -> None:
        """Keep the beginning of a part of the structure, in the order of the file."""
        if len(self.parts) < MAX_PARTS:
            self.parts.append(Part(name, body[:MAX_PART], len(body) if size is None else size))

    def warn(self, message: str) -> None:
        if message not in self.warnings and len(self.warnings) < 20:
            self.warnings.append(message)


Walker = Callable[["Source", Metadata], None]


class Source:
    """Random access to a file by absolute offset; a read past the end is damage, not silence."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._steps = 0

    def read(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes at `offset`, or raise MetadataDamaged."""
        if not 0 <= count <= MAX_VALUE:
            raise MetadataDamaged("a value is larger than is read")
        data = self.peek(offset, count)
        if len(data) != count:
            raise MetadataDamaged("the file ends early")
        return data

    def peek(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes at `offset`."""
        if offset < 0:
            raise MetadataDamaged("an offset is negative")
        self._file.seek(offset)
        return self._file.read(count)

    def step(self) -> None:
        """Count one box, chunk or segment against the limit."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise MetadataDamaged("too many parts")


def decode(raw: bytes) -> str:
    """Decode text whose encoding nobody states: UTF-8 if it is that, else Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
