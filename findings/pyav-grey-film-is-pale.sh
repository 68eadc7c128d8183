#!/usr/bin/env bash
# PyAV 18.1.0 and OpenCV 4.14.0 (FFmpeg) decode a film without colour planes, HEVC 4:0:0 here, paler than the
# same film with them. Luma 16 and 235 are black and white where a film is of limited range, which both films
# say of themselves and PyAV says of both frames; converted to RGB, black is 16 and white 235 without colour
# planes, 0 and 255 with neutral ones. FFmpeg's conversion takes all grey formats for full range, and a range
# given to PyAV's reformat() as that of the source changes nothing. Nobody warns. Black is not found where
# values below 16 are looked for, and contrast, noise and histograms are those of another film by a seventh.
#
# Seen (black, white): 4:2:0: PyAV (0, 255), OpenCV (0, 255); 4:0:0: PyAV (16, 235), told the range (16, 235),
# OpenCV (16, 235); 4:0:0 of ten bits: the same; all frames "MPEG", which is PyAV's word for limited.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" av==18.1.0 numpy==2.4.6 \
    opencv-python-headless==4.14.0.94
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import pathlib
import sys

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

WIDTH, HEIGHT, BLACK, WHITE, NEUTRAL = 128, 96, 16, 235, 128


def frame(pixel_format: str, bits: int) -> av.VideoFrame:
    """Left half black, right half white, in limited range."""
    made = av.VideoFrame(WIDTH, HEIGHT, pixel_format)
    made.color_range = ColorRange.MPEG
    for place, plane in enumerate(made.planes):
        kind = np.uint8 if bits == 8 else np.uint16
        rows = np.full((plane.height, plane.line_size // kind().itemsize), NEUTRAL << (bits - 8), kind)
        if place == 0:
            rows[:, :WIDTH] = np.where(np.arange(WIDTH) < WIDTH // 2, BLACK, WHITE) << (bits - 8)
        plane.update(rows.tobytes())
    return made


def film(pixel_format: str, bits: int) -> str:
    path = f"{pixel_format}.mkv"
    with av.open(path, "w") as container:
        options = {"x265-params": "lossless=1:range=limited:log-level=none"}
        stream = container.add_stream("libx265", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        for packet in (*stream.encode(frame(pixel_format, bits)), *stream.encode()):
            container.mux(packet)
    return path


def ends(picture: np.ndarray) -> tuple[int, int]:
    """Black and white: the middle of each half."""
    line = picture[HEIGHT // 2, :, 0]
    return int(line[WIDTH // 4]), int(line[3 * WIDTH // 4])


seen = {}
for pixel_format, bits in (("yuv420p", 8), ("gray", 8), ("gray10le", 10)):
    path = film(pixel_format, bits)
    with av.open(path) as container:
        decoded = next(container.decode(video=0))
    told = VideoReformatter().reformat(decoded, format="rgb24", src_color_range=ColorRange.MPEG,
                                       dst_color_range=ColorRange.JPEG)
    _, by_opencv = cv2.VideoCapture(path, cv2.CAP_FFMPEG).read()
    seen[pixel_format] = (decoded.format.name, ColorRange(decoded.color_range).name,
                          ends(decoded.to_ndarray(format="rgb24")), ends(told.to_ndarray()),
                          ends(by_opencv))
    pathlib.Path(path).unlink()
    print("{}, range {}: PyAV {}, told the range {}, OpenCV {}".format(*seen[pixel_format]))
full, pale = [(0, 255)] * 3, [(16, 235)] * 3
sys.exit(seen != {"yuv420p": ("yuv420p", "MPEG", *full), "gray": ("gray", "MPEG", *pale),
                  "gray10le": ("gray10le", "MPEG", *pale)})
PYTHON
