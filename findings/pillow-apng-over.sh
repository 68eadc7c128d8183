#!/usr/bin/env bash
# Pillow 13.0.0 lays a half transparent frame of an animated PNG over the ones before it by a rule of its own.
# The format asks for "over": what was opaque stays opaque, and over nothing the frame is seen as it is.
# Pillow mixes the opacities like colours: a picture without holes becomes see-through frame by frame, and
# over a transparent canvas the colours come out at half of their brightness. PyAV 18.1.0 (FFmpeg) and
# OpenCV 4.14.0 show both as the format asks. A detector and a viewer are then shown different pictures.
#
# Seen (last frame, red, green, blue, opacity; asked for, Pillow, PyAV, OpenCV): green at a quarter, twice,
# over red: 143 112 0 255, 143 112 0 171, 143 112 0 255, 143 111 0 255; half of 200 100 50 over nothing:
# 200 100 50 128, 100 50 25 64, 200 100 50 128, 200 100 50 128.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" pillow==13.0.0 av==18.1.0 numpy==2.4.6 \
    opencv-python-headless==4.14.0.94
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import struct
import sys
import zlib

import av
import cv2
import numpy as np
from PIL import Image

SIDE, OVER = 8, 1
CASES = {"green at a quarter, twice, over red": [(255, 0, 0, 255), (0, 255, 0, 64), (0, 255, 0, 64)],
         "half of an orange over nothing": [(0, 0, 0, 0), (200, 100, 50, 128)]}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def animation(colours: list[tuple[int, ...]]) -> bytes:
    """One frame of each colour, each laid over the ones before it."""
    parts, number = [b"\x89PNG\r\n\x1a\n"], 0
    parts.append(chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)))
    parts.append(chunk(b"acTL", struct.pack(">II", len(colours), 0)))
    for place, colour in enumerate(colours):
        control = (number, SIDE, SIDE, 0, 0, 1, 10, 0, OVER if place else 0)
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        pixels = zlib.compress((b"\0" + bytes(colour) * SIDE) * SIDE)
        number += 1
        if place:
            pixels, number = struct.pack(">I", number) + pixels, number + 1
        parts.append(chunk(b"fdAT" if place else b"IDAT", pixels))
    return b"".join([*parts, chunk(b"IEND", b"")])


def asked_for(colours: list[tuple[int, ...]]) -> np.ndarray:
    """The last frame by the rule "over" of the PNG specification."""
    shown = np.array(colours[0]) / 255
    for colour in colours[1:]:
        front = np.array(colour) / 255
        behind = shown[3] * (1 - front[3])
        opacity = front[3] + behind
        shown = np.append((front[:3] * front[3] + shown[:3] * behind) / opacity, opacity)
    return (shown * 255).round().astype(int)


def last_frames(data: bytes) -> dict[str, np.ndarray]:
    with Image.open(io.BytesIO(data)) as picture:
        picture.seek(picture.n_frames - 1)
        pillow = np.array(picture.convert("RGBA"))
    with av.open(io.BytesIO(data)) as container:
        pyav = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)][-1]
    _, frames = cv2.imdecodeanimation(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    opencv = cv2.cvtColor(frames.frames[-1], cv2.COLOR_BGRA2RGBA)
    shown = {"Pillow": pillow, "PyAV": pyav, "OpenCV": opencv}
    return {name: frame[SIDE // 2, SIDE // 2].astype(int) for name, frame in shown.items()}


as_expected = True
for name, colours in CASES.items():
    right, shown = asked_for(colours), last_frames(animation(colours))
    print(f"{name}: asked for {right}, "
          + ", ".join(f"{library} {colour}" for library, colour in shown.items()))
    off = {library: np.abs(colour - right).max() for library, colour in shown.items()}
    as_expected &= off["PyAV"] <= 2 and off["OpenCV"] <= 2 and off["Pillow"] > 60
sys.exit(not as_expected)
PYTHON
