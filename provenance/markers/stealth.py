"""Read text that generators hide in the last bits of a PNG's pixels, "stealth pnginfo".

Down each column, from the left one on, the lowest bit of the alpha of every pixel, or of its red,
green and blue, is one bit of: a signature of 15 letters, the number of bits of the text in 32 bits,
and the text, plain or packed by gzip. Whether the signature is there shows in the first pixel of
the first 120 rows, for which a few rows have to be inflated and nothing else; only where it is are
the columns read that hold the text, and of those only the channels that carry it.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provenance.declared import SearchGap
from provenance.markers.metadata import Carrier, Metadata, NotRead, Source, decode

_SIGNATURE_BITS: Final = 120
_LENGTH_BITS: Final = 32
_SIGNATURES: Final = {
    b"stealth_pnginfo": False,  # whether the text is packed
    b"stealth_pngcomp": True,
    b"stealth_rgbinfo": False,
    b"stealth_rgbcomp": True,
}
_CHANNELS: Final = {
    # colour type: bytes of a pixel, then which of them carry the text
    2: (3, ((0, 1, 2),)),
    4: (2, ((1,),)),
    6: (4, ((3,), (0, 1, 2))),
}
MAX_BITS: Final = 1 << 21
_MAX_TEXT: Final = 4 << 20
_MAX_SIDE: Final = 1 << 16
_MAX_INFLATED: Final = 1 << 28
_PIECE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Pixels:
    """The compressed pixels of a PNG: its header, and (offset, length) of each chunk of them."""

    source: Source
    header: bytes
    chunks: list[tuple[int, int]]

    @property
    def width(self) -> int:
        return int.from_bytes(self.header[:4], "big")

    @property
    def height(self) -> int:
        return int.from_bytes(self.header[4:8], "big")

    @property
    def colour_type(self) -> int | None:
        """Where it can carry hidden text: eight bits a sample, rows in order. Else None."""
        whole = len(self.header) == 13 and self.header[8] == 8 and self.header[12] == 0
        fits = 0 < self.width <= _MAX_SIDE and 0 < self.height <= _MAX_SIDE
        return self.header[9] if whole and fits and self.header[9] in _CHANNELS else None

    def rows(self, pixel: int) -> Iterator[bytes]:
        """The rows as they are stored, each with its filter in front; fewer where they end early."""
        stride, waiting, total = 1 + self.width * pixel, bytearray(), 0
        for piece in self._inflated():
            total += len(piece)
            if total > _MAX_INFLATED:
                raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
            waiting += piece
            whole = len(waiting) // stride * stride
            yield from (bytes(waiting[at : at + stride]) for at in range(0, whole, stride))
            del waiting[:whole]

    def _inflated(self) -> Iterator[bytes]:
        inflater = zlib.decompressobj()
        for offset, length in self.chunks:
            for at in range(offset, offset + length, _PIECE):
                data = self.source.peek(at, min(_PIECE, offset + length - at))
                while data:
                    try:
                        piece = inflater.decompress(data, _PIECE)
                    except zlib.error:
                        return  # damaged pixels; what carries text stands in front
                    data = inflater.unconsumed_tail
                    yield piece


def read_stealth(pixels: Pixels, metadata: Metadata) -> None:
    """Collect the text that is hidden in the pixels, as if it stood in a text chunk."""
    colour_type = pixels.colour_type
    if colour_type is None:
        return
    size, carriers = _CHANNELS[colour_type]
    with metadata.reading("PNG hidden text"):
        for carrier in carriers:
            start = _bits(pixels, size, carrier, _SIGNATURE_BITS + _LENGTH_BITS)
            signature = _packed(start[:_SIGNATURE_BITS])
            if signature in _SIGNATURES:
                count = int("".join(map(str, start[_SIGNATURE_BITS:])) or "0", 2)
                _text(pixels, size, carrier, count, signature, metadata)


def _text(
    pixels: Pixels,
    size: int,
    carrier: tuple[int, ...],
    count: int,
    signature: bytes,
    metadata: Metadata,
) -> None:
    if count > min(MAX_BITS, pixels.width * pixels.height * len(carrier)):
        raise NotRead("it says that it is longer than is read", SearchGap.TOO_LARGE)
    start = _SIGNATURE_BITS + _LENGTH_BITS
    data = _packed(_bits(pixels, size, carrier, start + count)[start:])
    if _SIGNATURES[signature]:
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, _MAX_TEXT)
        except zlib.error as error:
            raise NotRead("its compression is damaged") from error
    text, where = decode(data), f"PNG {signature.decode()}"
    for key, value in _fields(text):
        metadata.add(Carrier.TEXT, where, key, value)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """The text chunks that were put into one JSON object, or the settings as they are."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict) and all(isinstance(value, str) for value in parsed.values()):
        yield from parsed.items()
    else:
        yield "parameters", text


def _packed(bits: list[int]) -> bytes:
    whole = len(bits) // 8
    return int("".join(map(str, bits[: whole * 8])) or "0", 2).to_bytes(whole, "big")


def _bits(pixels: Pixels, size: int, carrier: tuple[int, ...], count: int) -> list[int]:
    """The first `count` bits down the columns; fewer where the pixels end early."""
    columns = -(-count // (pixels.height * len(carrier)))
    wanted = pixels.height if columns > 1 else min(pixels.height, -(-count // len(carrier)))
    columns = min(columns, pixels.width)
    above = {channel: [0] * columns for channel in carrier}
    grid: list[list[list[int]]] = []  # by row, then channel, then column
    for row, _ in zip(pixels.rows(size), range(wanted), strict=False):
        for channel in carrier:
            above[channel] = _unfiltered(row, size, channel, above[channel])
        grid.append([above[channel] for channel in carrier])
    return [
        channel[column] & 1
        for column in range(columns)
        for row_values in grid
        for channel in row_values
    ][:count]


def _unfiltered(row: bytes, size: int, channel: int, above: list[int]) -> list[int]:
    """One channel at the start of a row: filters mix a byte only with those of its own channel."""
    kind, values, left, corner = row[0], list[int](), 0, 0
    stored = row[1 + channel : 1 + channel + size * len(above) : size]
    for value, up in zip(stored, above, strict=True):
        left = (value + _predicted(kind, left, up, corner)) & 0xFF
        values.append(left)
        corner = up
    return values


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    """What each of the five filters of PNG takes for the value of a byte."""
    if kind in (0, 1):
        return left if kind else 0
    if kind in (2, 3):
        return up if kind == 2 else (left + up) // 2
    guess = left + up - corner
    to_left, to_up, to_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner
