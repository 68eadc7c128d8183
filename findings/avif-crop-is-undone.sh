#!/usr/bin/env bash
# An AVIF or HEIC picture may be cropped and turned without being coded anew: properties marked as essential say
# which part is to be shown ("clap") and which way up ("irot"), and HEIF has readers apply them. Of an AVIF four
# decoders show all that was coded: Pillow 13.0.0, OpenCV 4.14.0, PyAV 18.1.0 (FFmpeg) and imagecodecs 2026.3.6
# hand out what the crop took away, and none says that there is one. OpenCV, which turns JPEG, PNG, WebP and
# TIFF as their Exif asks, does not turn an AVIF either, nor does imagecodecs, and neither says how it is meant;
# Pillow and PyAV tell the angle. pillow-heif 1.8.1 (libheif) applies both to the same boxes in a HEIC, and gives
# the size after them of the AVIF, which it cannot decode.
#
# Seen (a picture of 80 x 40 in four colours): cropped to its red quarter: 80 x 40 in four colours by all four,
# 40 x 20 and red of the HEIC; turned by 90 degrees: 80 x 40 by all four, with 8 in Pillow's Exif and 90 by PyAV.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" pillow==13.0.0 av==18.1.0 numpy==2.4.6 \
    opencv-python-headless==4.14.0.94 imagecodecs==2026.3.6 pillow-heif==1.8.1
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import struct
import sys

import av
import cv2
import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image

ESSENTIAL = 0x80
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def children(body: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        found.append((kind, body[at + 8 : at + size]))
        at += size
    return found


def told(data: bytes, told_property: bytes) -> bytes:
    """The file with one essential property more for its first item, and its places in the file moved."""
    boxes = dict(children(data))
    meta = dict(children(boxes[b"meta"][4:]))
    properties = dict(children(meta[b"iprp"]))
    number = len(children(properties[b"ipco"])) + 1
    properties[b"ipco"] += told_property
    item, count = struct.unpack_from(">HB", properties[b"ipma"], 8)
    known = properties[b"ipma"][11 : 11 + count]
    properties[b"ipma"] = (properties[b"ipma"][:8] + struct.pack(">HB", item, count + 1) + known
                           + bytes([ESSENTIAL | number]) + properties[b"ipma"][11 + count :])
    meta[b"iprp"] = b"".join(box(*part) for part in properties.items())
    meta[b"iloc"] = moved(meta[b"iloc"], len(told_property) + 1)
    boxes[b"meta"] = boxes[b"meta"][:4] + b"".join(box(*part) for part in meta.items())
    return b"".join(box(*part) for part in boxes.items())


def moved(places: bytes, by: int) -> bytes:
    """The box that says where items lie, each moved by so many bytes (version 0, numbers of 32 bits)."""
    version, sizes, base, items = places[0], places[4], places[5] >> 4, places[6:8]
    if version or sizes != 0x44:
        sys.exit("the writer lays out items in another way")
    result, at = bytearray(places), 8
    for _ in range(struct.unpack(">H", items)[0]):
        at += 4 + base
        (extents,) = struct.unpack_from(">H", places, at)
        at += 2
        for _ in range(extents):
            struct.pack_into(">I", result, at, struct.unpack_from(">I", places, at)[0] + by)
            at += 8
    return bytes(result)


def colours(picture: np.ndarray) -> str:
    """Size and the colours of the four corners."""
    height, width = picture.shape[:2]
    corners = picture[[2, 2, -3, -3], [2, -3, 2, -3], :3] > 127
    names = {RED: "red", GREEN: "green", BLUE: "blue", WHITE: "white"}
    words = [names.get(tuple(255 * int(on) for on in corner), "other") for corner in corners]
    return f"{width} x {height} " + " ".join(words)


def shown(data: bytes) -> dict[str, tuple[str, int | None]]:
    """What each decoder hands out, and what it says about the turn."""
    pillow = Image.open(io.BytesIO(data))
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0))
    opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    return {"Pillow": (colours(np.array(pillow)), pillow.getexif().get(0x112)),
            "PyAV": (colours(frame.to_ndarray(format="rgb24")), frame.rotation),
            "OpenCV": (colours(opencv), None),
            "imagecodecs": (colours(imagecodecs.avif_decode(data)), None)}


picture = np.zeros((40, 80, 3), np.uint8)
picture[:20, :40], picture[:20, 40:], picture[20:, :40], picture[20:, 40:] = RED, GREEN, BLUE, WHITE
avif, heic = io.BytesIO(), io.BytesIO()
Image.fromarray(picture).save(avif, "AVIF", quality=95, subsampling="4:4:4")
pillow_heif.from_pillow(Image.fromarray(picture)).save(heic, quality=95, chroma=444)
CASES = {"crop": box(b"clap", struct.pack(">IIIIiIiI", 40, 1, 20, 1, -20, 1, -10, 1)),
         "turn": box(b"irot", b"\1")}
whole = "80 x 40 red green blue white"
as_expected = shown(avif.getvalue())["Pillow"] == (whole, None)
expected = {"crop": (["40 x 20 red red red red", (40, 20)], {"Pillow": None, "PyAV": 0}),
            "turn": (["40 x 80 green white red blue", (40, 80)], {"Pillow": 8, "PyAV": 90})}
for name, one in CASES.items():
    data = told(avif.getvalue(), one)
    seen = shown(data)
    as_asked = pillow_heif.open_heif(io.BytesIO(told(heic.getvalue(), one))).to_pillow()
    asked = [colours(np.array(as_asked)), pillow_heif.open_heif(io.BytesIO(data)).size]
    print(f"{name}: asked for {asked[0]}; "
          + "; ".join(f"{decoder} {what}, turn {turn}" for decoder, (what, turn) in seen.items()))
    right, turns = expected[name]
    as_expected &= asked == right
    as_expected &= all(what == whole and turn == turns.get(decoder)
                       for decoder, (what, turn) in seen.items())
sys.exit(not as_expected)
PYTHON
