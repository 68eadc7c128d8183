"""What the container walkers collect: every text a file carries about itself, and how it is built."""

import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final

from provenance.bounded import clean
from provenance.declared import SearchGap, Unsearched

MAX_TEXTS: Final = 2000
MAX_VALUE: Final = 4 << 20
"""Longest single value that is read, in bytes; ComfyUI graphs reach one megabyte."""

MAX_TOTAL: Final = 16 << 20
MAX_PARTS: Final = 200
MAX_PART: Final = 4096
"""Most parts of a file's structure that are kept, and most bytes of each."""

MAX_STEPS: Final = 100_000
"""Most boxes, chunks or segments that are walked; a long video has tens of thousands."""

MAX_GAPS: Final = 10
"""Most gaps that are told apart; where the first few parts cannot be read, more say nothing new."""


_BLOCK: Final = 1 << 18


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


class About(StrEnum):
    """What a text speaks of."""

    FILE = "file"
    INGREDIENT = "ingredient"  # another file that this one was made from
    STEP = "step"  # one entry of the file's own history


class NotRead(Exception):
    """Part of a file cannot be searched; what was collected before stays."""

    def __init__(self, reason: str, code: SearchGap = SearchGap.DAMAGED) -> None:
        super().__init__(reason)
        self.code = code


def inflated(data: bytes) -> bytes:
    """Undo zlib's compression as far as a value may be long. Raises NotRead."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, MAX_VALUE)
    except zlib.error as error:
        raise NotRead("its compression is damaged") from error
    if inflater.unconsumed_tail:
        raise NotRead("it decompresses to more than is read", SearchGap.TOO_LARGE)
    return text


@dataclass(frozen=True, slots=True)
class Text:
    """One value with the name the container gives it."""

    carrier: Carrier
    container: str  # "PNG tEXt"
    key: str  # "parameters", "Iptc4xmpExt:DigitalSourceType", "Software"
    value: str
    name: str  # the key in lower case without its namespace prefix
    about: About = About.FILE

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
    gaps: list[Unsearched] = field(default_factory=list)
    details: Details = field(default_factory=dict)  # EXIF values that are no free text
    parts: list[Part] = field(default_factory=list)  # in file order
    total: int = 0

    def add(
        self, carrier: Carrier, container: str, key: str, value: str, about: About = About.FILE
    ) -> None:
        """Keep one text. Raises NotRead once there is more than is read."""
        value = value.strip("\x00 \r\n\t")
        if not value:
            return
        self.total += len(value)
        if len(self.texts) >= MAX_TEXTS or self.total > MAX_TOTAL:
            raise NotRead("there is more metadata than is read", SearchGap.TOO_MUCH)
        name = key.rpartition(":")[2].strip().lower()
        self.texts.append(Text(carrier, container, key, value, name, about))

    @property
    def own(self) -> Iterator[Text]:
        """The texts that speak of the file itself."""
        return (text for text in self.texts if text.about is About.FILE)

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

    @contextmanager
    def reading(self, where: str) -> Iterator[None]:
        """Read one part of the file. If it cannot be read that is a gap, and the walk goes on."""
        try:
            yield
        except NotRead as error:
            self.gap(error.code, where, str(error))

    def gap(self, code: SearchGap, where: str, reason: str) -> None:
        """State that a part was not searched, and why."""
        gap = Unsearched(
            code=code,
            where=clean(where),
            statement=clean(f"{where} was not searched for what it declares: {reason}."),
        )
        if gap not in self.gaps and len(self.gaps) < MAX_GAPS:
            self.gaps.append(gap)


Walker = Callable[["Source", Metadata], None]


class Source:
    """Random access to a file by absolute offset; a read past the end is damage, not silence."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, 2)
        self._steps = 0

    def read(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes at `offset`, or raise NotRead."""
        return self._exactly(offset, count, MAX_VALUE)

    def read_long(self, offset: int, count: int) -> bytes:
        """As `read`, up to `MAX_TOTAL`: for what holds pictures beside its texts."""
        return self._exactly(offset, count, MAX_TOTAL)

    def _exactly(self, offset: int, count: int, most: int) -> bytes:
        if not 0 <= count <= most:
            raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
        data = self.peek(offset, count)
        if len(data) != count:
            raise NotRead("the file ends early")
        return data

    def peek(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes at `offset`."""
        if offset < 0:
            raise NotRead("an offset is negative")
        self.file.seek(min(offset, self.size))
        return self.file.read(count)

    def step(self) -> None:
        """Count one box, chunk or segment against the limit."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise NotRead("it has more parts than are walked", SearchGap.TOO_MUCH)

    def part(self, start: int, size: int) -> "Source":
        """A file that lies within this one, as a source of its own, at most `MAX_TOTAL` long."""
        return Source(io.BytesIO(self.read_long(start, size)))

    def find(self, wanted: bytes, start: int) -> int:
        """The offset of the first `wanted` at or behind `start`, -1 where there is none."""
        return self.search(re.compile(re.escape(wanted)), start, len(wanted))

    def search(self, wanted: re.Pattern[bytes], start: int, length: int) -> int:
        """As `find`, for a pattern of `length` bytes."""
        while len(block := self.peek(start, _BLOCK)) >= length:
            if (found := wanted.search(block)) is not None:
                return start + found.start()
            start += len(block) - length + 1
        return -1


def decode(raw: bytes) -> str:
    """Decode text whose encoding nobody states: UTF-8 if it is that, else Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
