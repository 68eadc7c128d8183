"""Make broken and hostile files in code: what every door of the service must survive."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Final

import numpy as np

from tests.media import jpeg, photo_like, png, speech_wav, video_bytes

_MOVIE_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"})

HOSTILE_NAMES: Final = (
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "photo\x00.jpg",
    "a" * 4096 + ".jpg",
    "photo\u202egpj.exe",
    "line\nbreak\r\n.jpg",
    "<script>alert(1)</script>.jpg",
    "-rf.jpg",
    ".",
    "..",
    "",
)
"""File names no storage key may be made of and no page may show as they are."""


def empty() -> bytes:
    """No bytes at all."""
    return b""


def text() -> bytes:
    """Prose, to be named .jpg."""
    return b"This is a plain text file that somebody renamed.\n" * 40


def truncated_jpeg() -> bytes:
    """The first 60 % of a JPEG."""
    return _head(jpeg(photo_like(640, 480)))


def truncated_png() -> bytes:
    """The first 60 % of a PNG."""
    return _head(png(photo_like(320, 240)))


def truncated_mp4() -> bytes:
    """The first 60 % of an MP4 whose index stands at its end, so that none is left."""
    return _head(video_bytes("mp4"))


def truncated_wav() -> bytes:
    """The first 60 % of a WAV; its header still promises the rest."""
    return _head(speech_wav(2.0))


def huge_png(side: int = 30_000) -> bytes:
    """A valid PNG of `side` x `side` one-bit zeros: 110 KB that decode to 2.7 GB of RGB."""
    rows = bytes(side // 8 + 2) * side
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def wav_claiming_2_gb() -> bytes:
    """Two seconds of sound behind a header that promises 2 GB."""
    wave = bytearray(speech_wav(2.0))
    data = wave.index(b"data") + 4
    struct.pack_into("<I", wave, 4, 0x7FFFFFF0)
    struct.pack_into("<I", wave, data, 0x7FFFFFF0 - data)
    return bytes(wave)


def gif_of_frames(count: int = 10_000) -> bytes:
    """An animated GIF of `count` frames of 64 x 64 pixels; later frames change one pixel."""
    palette = bytes(range(12))
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0b1000_0001, 0, 0) + palette
    control = b"\x21\xf9\x04\x00\x01\x00\x00\x00"
    first = b"\x2c" + struct.pack("<HHHHB", 0, 0, 64, 64, 0) + _gif_zeros(64 * 64)
    other = b"\x2c" + struct.pack("<HHHHB", 1, 1, 1, 1, 0) + _gif_zeros(1)
    return head + control + first + (control + other) * (count - 1) + b"\x3b"


def mp4_with_endless_edit_list(entries: int = 400_000) -> bytes:
    """A one-second MP4 whose edit list plays it `entries` times over."""
    rows = struct.pack(">IIHH", 1000, 0, 1, 0) * entries
    body = struct.pack(">II", 0, entries) + rows
    return _replace_box(video_bytes("mp4", seconds=1.0), b"elst", body)


def mp4_with_zero_time_scale() -> bytes:
    """An MP4 whose media header says that a second has no ticks."""
    movie = bytearray(video_bytes("mp4", seconds=1.0))
    struct.pack_into(">I", movie, movie.index(b"mdhd") + 4 + 12, 0)
    return bytes(movie)


def jpeg_with_malformed_jumbf() -> bytes:
    """A good JPEG with APP11 segments whose JUMBF boxes lie about their lengths."""
    picture = jpeg(photo_like(320, 240))
    label = bytes.fromhex("63327061 0011 0010 8000 00aa00389b71".replace(" ", "")) + b"\x03c2pa\x00"
    boxes = (
        struct.pack(">I4s", 0xFFFFFFFF, b"jumb") + struct.pack(">I4s", 3, b"jumd") + label,
        struct.pack(">I4s", 8, b"jumb"),
        struct.pack(">I4s", 1, b"jumb") + struct.pack(">Q", 2**63) + label,
    )
    segments = b""
    for sequence, box in enumerate(boxes, start=1):
        payload = b"JP" + struct.pack(">HI", 1, sequence) + box
        segments += b"\xff\xeb" + struct.pack(">H", len(payload) + 2) + payload
    return picture[:2] + segments + picture[2:]


def zip_archive() -> bytes:
    """A ZIP archive with one small file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("note.txt"), "hello")
    return out.getvalue()


def pdf() -> bytes:
    """A one-page PDF."""
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


def random_bytes(size: int = 4096, seed: int = 7) -> bytes:
    """Noise that is no file format."""
    return np.random.default_rng(seed).bytes(size)


BAD_INPUTS: Final[dict[str, Callable[[], bytes]]] = {
    "empty.jpg": empty,
    "text.jpg": text,
    "truncated.jpg": truncated_jpeg,
    "truncated.png": truncated_png,
    "truncated.mp4": truncated_mp4,
    "truncated.wav": truncated_wav,
    "huge.png": huge_png,
    "claims-2-gb.wav": wav_claiming_2_gb,
    "ten-thousand-frames.gif": gif_of_frames,
    "endless-edit-list.mp4": mp4_with_endless_edit_list,
    "zero-time-scale.mp4": mp4_with_zero_time_scale,
    "archive.zip": zip_archive,
    "page.pdf": pdf,
    "malformed-jumbf.jpg": jpeg_with_malformed_jumbf,
    "noise.bin": random_bytes,
}
"""A name to upload each under, and its maker. The GIF, the edit-list and the JUMBF files still
hold one readable picture or film."""


def _head(data: bytes, share: float = 0.6) -> bytes:
    return data[: int(len(data) * share)]


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def _gif_zeros(count: int) -> bytes:
    """LZW data of `count` zero pixels, uncompressed: a clear code before every two pixels."""
    clear, end, width = 4, 5, 3
    codes = [code for _ in range(0, count, 2) for code in (clear, 0, 0)][: count + -(-count // 2)]
    bits = sum(code << (width * index) for index, code in enumerate([*codes, end]))
    raw = bits.to_bytes(-(-(len(codes) + 1) * width // 8), "little")
    blocks = [raw[start : start + 255] for start in range(0, len(raw), 255)]
    return b"\x02" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\x00"


def _replace_box(data: bytes, name: bytes, body: bytes) -> bytes:
    """Swap the body of every box called `name` inside the movie box, mending parent sizes.

    Chunk offsets stay right because the movie box comes after the media data.
    """
    out = b""
    position = 0
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        inner = data[position + 8 : position + size]
        if kind == name:
            inner = body
        elif kind in _MOVIE_CONTAINERS:
            inner = _replace_box(inner, name, body)
        out += struct.pack(">I4s", len(inner) + 8, kind) + inner
        position += size
    return out
