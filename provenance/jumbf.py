"""Find the signature inside a manifest store: JUMBF boxes, and the CBOR of a COSE signature."""

from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_BOXES: Final = 20_000
MAX_ITEMS: Final = 10_000
_MAX_DEPTH: Final = 16

Value = int | bytes | str | list["Value"] | dict["Value", "Value"] | None


class Malformed(Exception):
    """The bytes are no JUMBF or no CBOR, or more of it than is read."""


class Box(NamedTuple):
    """A superbox: its label, and the boxes inside as (type, content)."""

    label: str
    inside: list[tuple[bytes, bytes]]


Headers = tuple[dict[Value, Value], dict[Value, Value]]
"""Of a COSE signature: what it covers, and what stands beside it."""


def cose_headers(store: bytes, manifest_label: str) -> Headers:
    """Return the protected and the unprotected header of a manifest's COSE signature.

    Raises:
        Malformed: there is no such manifest, or it is broken.
    """
    for kind, content in _boxes(store):
        if kind != b"jumb":
            continue
        for manifest in _superboxes(content):
            if manifest.label != manifest_label:
                continue
            for part in _superboxes_among(manifest.inside):
                if part.label == "c2pa.signature":
                    return _headers(part)
    raise Malformed("no signature box for this manifest")


def _headers(box: Box) -> Headers:
    content = next((content for kind, content in box.inside if kind == b"cbor"), b"")
    value = decode_cbor(content)
    if isinstance(value, list) and len(value) == 4 and isinstance(value[1], dict):
        protected = decode_cbor(value[0]) if isinstance(value[0], bytes) and value[0] else {}
        return protected if isinstance(protected, dict) else {}, value[1]
    raise Malformed("no COSE signature")


def _superboxes(content: bytes) -> Iterator[Box]:
    yield from _superboxes_among(list(_boxes(content)))


def _superboxes_among(boxes: list[tuple[bytes, bytes]]) -> Iterator[Box]:
    for kind, content in boxes:
        if kind == b"jumb":
            inside = list(_boxes(content))
            yield Box(_label(inside), inside)


def _label(inside: list[tuple[bytes, bytes]]) -> str:
    """Read the label out of a description box: 16 bytes of type, one of flags, then text."""
    kind, content = inside[0] if inside else (b"", b"")
    if kind != b"jumd" or len(content) < 17 or not content[16] & 2:
        return ""
    return content[17:].partition(b"\x00")[0].decode("utf-8", errors="replace")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 0
    for _ in range(MAX_BOXES):
        if offset + 8 > len(data):
            return
        size, kind = int.from_bytes(data[offset : offset + 4], "big"), data[offset + 4 : offset + 8]
        size = size or len(data) - offset
        if size < 8 or offset + size > len(data):
            raise Malformed("a box does not fit")
        yield kind, data[offset + 8 : offset + size]
        offset += size
    raise Malformed("too many boxes")


def decode_cbor(data: bytes) -> Value:
    """Decode one CBOR value; tags are dropped, floats and simple values become None.

    Raises:
        Malformed: not CBOR, nested too deeply, or with too many items.
    """
    return _Decoder(data).value(0)


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0
        self._items = 0

    def value(self, depth: int) -> Value:
        self._items += 1
        if depth > _MAX_DEPTH or self._items > MAX_ITEMS:
            raise Malformed("too much CBOR")
        major, argument = self._head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major in (2, 3):
            raw = self._take(argument)
            return raw if major == 2 else raw.decode("utf-8", errors="replace")
        if major == 4:
            return [self.value(depth + 1) for _ in range(min(argument, MAX_ITEMS + 1))]
        if major == 5:
            return self._map(argument, depth)
        return self.value(depth + 1) if major == 6 else None

    def _map(self, count: int, depth: int) -> dict[Value, Value]:
        found: dict[Value, Value] = {}
        for _ in range(min(count, MAX_ITEMS + 1)):
            key, value = self.value(depth + 1), self.value(depth + 1)
            if isinstance(key, (list, dict)):
                raise Malformed("a map with a composite key")
            found[key] = value
        return found

    def _head(self) -> tuple[int, int]:
        first = self._take(1)[0]
        short = first & 31
        if short < 24:
            return first >> 5, short
        if short > 27:
            raise Malformed("a length that is not stated")
        return first >> 5, int.from_bytes(self._take(1 << short - 24), "big")

    def _take(self, count: int) -> bytes:
        piece = self._data[self._offset : self._offset + count]
        if len(piece) != count:
            raise Malformed("CBOR ends early")
        self._offset += count
        return piece
