"""Headers of frames and packets: they mark files that have no other mark."""

from typing import Final

_KILOBITS: Final = {
    # (version 1, layer): bit rate index to kilobits per second, ISO 11172-3 and 13818-3
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8000),
}
_LAYERS: Final = {1: 3, 2: 2}  # as written in the header; layer I is met nowhere
_ADTS_RATES: Final = 13
AC3_LAST: Final = 10
"""Up to here AC-3 by what its header calls its version, E-AC-3 beyond."""
_EAC3_LAST: Final = 16
_IN_A_ROW: Final = 3
"""Headers that have to follow each other where a file does not begin with one."""


def frames_at_start(data: bytes) -> str:
    """Return "mp3", "mp2" or "aac" if `data` starts with frames of it, else "".

    A header of layer III is enough by itself; the others need a second one, where `data` goes on
    that far.
    """
    name, length = _header(data, 0)
    if name in ("", "mp3") or length >= len(data) - 8:
        return name
    return name if _header(data, length)[0] == name else ""


def frames_within(data: bytes) -> str:
    """Return what `frames_at_start` does for frames that begin further in: three in a row."""
    at = data.find(b"\xff")
    while at >= 0:
        name = _header(data, at)[0]
        if name and _row(data, at, name):
            return name
        at = data.find(b"\xff", at + 1)
    return ""


def _row(data: bytes, at: int, name: str) -> bool:
    for _ in range(_IN_A_ROW):
        found, length = _header(data, at)
        if found != name or length == 0:
            return False
        at += length
    return True


def _header(data: bytes, at: int) -> tuple[str, int]:
    """The name of the frame whose header stands at `at` and its length in bytes, 0 if unknown."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return "", 0
    if data[at + 1] & 0xF6 == 0xF0:
        return _adts(data, at)
    version, layer = data[at + 1] >> 3 & 3, _LAYERS.get(data[at + 1] >> 1 & 3)
    rate, sampling, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version not in _RATES or layer is None or rate in (0, 15) or sampling == 3:
        return "", 0
    bits = _KILOBITS[version == 3, layer][rate] * 1000
    samples = 576 if layer == 3 and version != 3 else 1152
    return f"mp{layer}", samples // 8 * bits // _RATES[version][sampling] + padding


def _adts(data: bytes, at: int) -> tuple[str, int]:
    if len(data) < at + 7 or data[at + 2] >> 2 & 15 >= _ADTS_RATES:
        return "", 0
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return ("aac", length) if length > 7 else ("", 0)


def is_dolby(head: bytes) -> bool:
    """AC-3 or E-AC-3: the mark of a frame, which the next one repeats."""
    if not head.startswith(b"\x0b\x77") or len(head) < 6 or head[5] >> 3 > _EAC3_LAST:
        return False
    return head.find(b"\x0b\x77", 6) > 0


def is_transport_stream(head: bytes) -> bool:
    """MPEG-TS: a sync byte in every packet, which has 188 bytes, or 192 on discs."""
    return any(
        len(head) > start + 2 * size and not head[start::size][:5].strip(b"\x47")
        for start, size in ((0, 188), (4, 192))
    )


def is_jpeg_ls(head: bytes) -> bool:
    """Whether the first frame is of JPEG-LS, which begins and is cut into segments like a JPEG."""
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        if head[at + 1] == 0xFF or head[at + 1] == 0xD8:  # fill byte; SPIFF ends in a second start
            at += 1 if head[at + 1] == 0xFF else 2
            continue
        if head[at + 1] == 0xF7 or 0xC0 <= head[at + 1] <= 0xC3:
            return head[at + 1] == 0xF7
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return False
