#!/usr/bin/env bash
# PyAV 18.1.0 gives the turn that a film's display matrix asks for as one whole number, which cannot
# say "mirrored": a picture mirrored left to right, as front cameras record it, reads as turned upside
# down, one mirrored top to bottom as not turned at all. Nine zeros, which have no angle, come out as
# the smallest 32-bit integer.
#
# Seen: plain 0, half turn -180, mirrored left-right -180, mirrored top-bottom 0, zeros -2147483648.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" av==18.1.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import struct
import sys

import av
import numpy as np

ONE, LAST = 1 << 16, 1 << 30
MATRICES = {
    "plain": (ONE, 0, 0, 0, ONE, 0, 0, 0, LAST),
    "half turn": (-ONE, 0, 0, 0, -ONE, 0, 128 * ONE, 96 * ONE, LAST),
    "mirrored left-right": (-ONE, 0, 0, 0, ONE, 0, 128 * ONE, 0, LAST),
    "mirrored top-bottom": (ONE, 0, 0, 0, -ONE, 0, 0, 96 * ONE, LAST),
    "zeros": (0,) * 9,
}
file = io.BytesIO()
with av.open(file, "w", format="mp4") as container:
    stream = container.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
    picture = av.VideoFrame.from_ndarray(np.zeros((96, 128, 3), np.uint8), format="rgb24")
    for packet in (*stream.encode(picture), *stream.encode()):
        container.mux(packet)
film = bytearray(file.getvalue())
matrix_at = film.index(b"tkhd") + 4 + 40  # version 0: 40 bytes of header before the matrix
seen = {}
for name, matrix in MATRICES.items():
    film[matrix_at : matrix_at + 36] = struct.pack(">9i", *matrix)
    with av.open(io.BytesIO(bytes(film))) as container:
        seen[name] = next(container.decode(video=0)).rotation
    print(f"{name}: rotation {seen[name]}")
sys.exit(list(seen.values()) != [0, -180, -180, 0, -(2**31)])
PYTHON
