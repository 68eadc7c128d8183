#!/usr/bin/env bash
# A JPEG 2000 file says which of its channels is which colour (box "cdef") and that three of them are luma and
# two differences of colour (sYCC). Four readers make three pictures of it without an error. Pillow 13.0.0 does
# not look at the order: red and blue are exchanged, and opacity that is stored first is shown as red. OpenCV
# 4.14.0 reads sYCC by the weights of analogue television, PyAV 18.1.0 (FFmpeg) as if its luma went from 16 to
# 235. imagecodecs 2026.3.6 (OpenJPEG) is right each time.
#
# Seen (an orange, 200 100 50): plain: 200 100 50 by all; blue first: Pillow 50 100 200, the others
# 200 100 50; opacity 30 first: Pillow 30 200 100 and opacity 50; sYCC: Pillow and imagecodecs 199 99 49,
# OpenCV 186 109 39, PyAV 212 98 41; the grey 128 in sYCC: 128 by all but PyAV, 130.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" pillow==13.0.0 av==18.1.0 numpy==2.4.6 \
    opencv-python-headless==4.14.0.94 imagecodecs==2026.3.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import struct
import sys

import av
import cv2
import imagecodecs
import numpy as np
from PIL import Image

SRGB, SYCC = 16, 18
ORANGE, GREY, OPACITY = (200, 100, 50), (128, 128, 128), 30
COLOUR, OPAQUE = 0, 1


def luma_first(colour: tuple[int, ...]) -> tuple[int, ...]:
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(luma), round((blue - luma) / 1.772 + 128), round((red - luma) / 1.402 + 128)


def file(channels: tuple[int, ...], space: int, *meanings: tuple[int, int]) -> bytes:
    """A flat picture; `meanings` say of each channel in turn what it is, and of which colour."""
    pixels = np.tile(np.array(channels, np.uint8), (32, 32, 1))
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG2000", irreversible=False, mct=0, no_jp2=True)
    boxes = [box(b"ihdr", struct.pack(">IIHBBBB", 32, 32, len(channels), 7, 7, 0, 0)),
             box(b"colr", struct.pack(">BBBI", 1, 0, 0, space))]
    if meanings:
        entries = b"".join(struct.pack(">HHH", place, *meaning)
                           for place, meaning in enumerate(meanings))
        boxes.append(box(b"cdef", struct.pack(">H", len(meanings)) + entries))
    return b"".join([box(b"jP  ", b"\r\n\x87\n"), box(b"ftyp", b"jp2 \0\0\0\0jp2 "),
                     box(b"jp2h", b"".join(boxes)), box(b"jp2c", stream.getvalue())])


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def shown(data: bytes) -> dict[str, tuple[int, ...]]:
    """Red, green, blue, and opacity where there is one, by each reader."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    pictures = {"Pillow": np.array(Image.open(io.BytesIO(data))), "OpenCV": bgr[..., ::-1],
                "PyAV": frame, "imagecodecs": imagecodecs.jpeg2k_decode(data)}
    return {name: tuple(map(int, picture[16, 16])) for name, picture in pictures.items()}


red, green, blue = ((COLOUR, place) for place in (1, 2, 3))
cases = {"plain": file(ORANGE, SRGB),
         "blue first": file(ORANGE[::-1], SRGB, blue, green, red),
         "opacity first": file((OPACITY, *ORANGE), SRGB, (OPAQUE, 0), red, green, blue),
         "sYCC": file(luma_first(ORANGE), SYCC), "sYCC, grey": file(luma_first(GREY), SYCC)}
seen = {}
for name, data in cases.items():
    seen[name] = shown(data)
    print(f"{name}: " + ", ".join(f"{reader} {pixel}" for reader, pixel in seen[name].items()))


def off(case: str, reader: str, colour: tuple[int, ...] = ORANGE) -> int:
    return max(abs(a - b) for a, b in zip(seen[case][reader], colour, strict=False))


right = all(off("plain", reader) <= 3 for reader in seen["plain"])
right &= max(off(case, "imagecodecs") for case in ("blue first", "opacity first", "sYCC")) <= 2
sys.exit(not (right and seen["blue first"]["Pillow"] == ORANGE[::-1]
              and off("blue first", "OpenCV") <= 2 and off("blue first", "PyAV") <= 3
              and seen["opacity first"]["Pillow"] == (OPACITY, *ORANGE)
              and off("sYCC", "OpenCV") > 8 and off("sYCC", "PyAV") > 8
              and off("sYCC, grey", "PyAV", GREY) == 2 and off("sYCC", "Pillow") <= 2))
PYTHON
