#!/usr/bin/env bash
# Pillow 13.0.0 turns an 8-bit grey TIFF whose zero is white into an ordinary picture, and leaves a
# 16-bit one as its own negative: both files hold the same grey ramp, and nothing in the image that is
# handed out says which of the two it is.
#
# Seen: 8 bits, first and last sample 255 and 0 (turned); 16 bits, 0 and 65535 (as stored).
# Matters because a detector, a hash or a person then looks at a negative. Fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --target "$work" pillow==13.0.0
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import struct
import sys

from PIL import Image


def ramp(bits: int) -> bytes:
    """A grey TIFF of 4 x 1 pixels from the lowest to the highest sample, WhiteIsZero."""
    top = 2**bits - 1
    data = struct.pack("<4" + ("B" if bits == 8 else "H"), 0, top // 3, 2 * top // 3, top)
    tags = [(256, 4), (257, 1), (258, bits), (259, 1), (262, 0), (273, 8), (277, 1), (278, 1),
            (279, len(data))]
    start = 8 + len(data)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return (struct.pack("<2sHI", b"II", 42, start) + data + struct.pack("<H", len(tags)) + entries
            + bytes(4))


seen = {}
for bits in (8, 16):
    with Image.open(io.BytesIO(ramp(bits))) as picture:
        seen[bits] = (picture.getpixel((0, 0)), picture.getpixel((3, 0)))
        print(f"{bits} bits, mode {picture.mode}: first and last sample {seen[bits]}")
sys.exit(seen != {8: (255, 0), 16: (0, 65535)})
PYTHON
