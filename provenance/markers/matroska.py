"""Walk Matroska and WebM: names of programs, and tags with a keyword and a value."""

from collections.abc import Iterator
from typing import Final

from provenance.markers.metadata import Carrier, Metadata, NotRead, Source, decode

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_INFO, _TAGS, _TAG, _SIMPLE = 0x1549A966, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487
_INFO_TEXTS: Final = {0x4D80: "MuxingApp", 0x5741: "WritingApp", 0x7BA9: "Title"}
_MAX_DEPTH: Final = 8


def read_matroska(source: Source, metadata: Metadata) -> None:
    """Collect the application names and the tags of each segment."""
    with metadata.reading("Matroska"):
        for kind, start, end in _elements(source, 0, source.size):
            if kind != _SEGMENT:
                continue
            for inner, first, last in _elements(source, start, end):
                if inner == _INFO:
                    _info(source, first, last, metadata)
                elif inner == _TAGS:
                    _tags(source, first, last, metadata)


def _info(source: Source, start: int, end: int, metadata: Metadata) -> None:
    for kind, first, last in _elements(source, start, end):
        if kind in _INFO_TEXTS:
            with metadata.reading(f"Matroska {_INFO_TEXTS[kind]}"):
                text = decode(source.read(first, last - first))
                metadata.add(Carrier.TEXT, "Matroska info", _INFO_TEXTS[kind], text)


def _tags(source: Source, start: int, end: int, metadata: Metadata) -> None:
    for tag, first, last in _elements(source, start, end):
        if tag == _TAG:
            for simple, low, high in _elements(source, first, last):
                if simple == _SIMPLE:
                    _simple(source, low, high, metadata, depth=0)


def _simple(source: Source, start: int, end: int, metadata: Metadata, *, depth: int) -> None:
    """Read one tag, and the tags within it."""
    if depth > _MAX_DEPTH:
        raise NotRead("its tags are nested too deeply")
    key, values = "", list[str]()
    with metadata.reading("Matroska tag"):
        for kind, first, last in _elements(source, start, end):
            if kind == _NAME:
                key = decode(source.read(first, last - first))
            elif kind == _STRING:
                values.append(decode(source.read(first, last - first)))
            elif kind == _SIMPLE:
                _simple(source, first, last, metadata, depth=depth + 1)
    for value in values:
        metadata.add(Carrier.TEXT, "Matroska tag", key, value)


def _elements(source: Source, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (identifier, first byte, end) of the elements between two offsets.

    A cluster of a live stream does not say how long it is: what it holds is walked as if it stood
    beside it, so that tags behind it are found.
    """
    while start < end:
        source.step()
        head = source.peek(start, 12)
        kind, used = _number(head, keep_marker=True)
        size, more = _number(head[used:], keep_marker=False)
        first = start + used + more
        if size == (1 << 7 * more) - 1 and kind == _CLUSTER:
            start = first
            continue
        unknown = size == (1 << 7 * more) - 1
        last = end if unknown else min(first + size, end)
        yield kind, first, last
        start = last


def _number(raw: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """Read a variable-length number: leading zero bits of the first byte tell its length."""
    if not raw or raw[0] == 0:
        raise NotRead("an element has no length")
    size = 9 - raw[0].bit_length()
    value = int.from_bytes(raw[:size], "big")
    if len(raw) < size:
        raise NotRead("the file ends early")
    return (value if keep_marker else value & ((1 << 7 * size) - 1)), size
