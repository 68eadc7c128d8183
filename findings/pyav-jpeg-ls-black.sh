#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8) decodes a sample-interleaved JPEG-LS, one of the three orders of the
# standard, to an all-black picture of the right size, raises nothing and does not mark the frame as
# corrupt; that the order is not supported stands in FFmpeg's log alone, which PyAV keeps quiet. Line-
# interleaved files decode without loss.
#
# Seen (pyjpegls 1.5.1 writes and reads back both): line: mean 126.0, exact; sample: mean 0.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" av==18.1.0 pyjpegls==1.5.1 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys

import av
import jpeg_ls
import numpy as np

down, across = np.mgrid[:64, :64]
picture = np.stack((across * 4, down * 4, (across + down) * 2), -1).astype(np.uint8)
seen = {}
for name, mode in (("line", 1), ("sample", 2)):
    data = jpeg_ls.encode_array(picture, interleave_mode=mode)
    own = np.array_equal(jpeg_ls.decode(np.frombuffer(data, np.uint8)), picture)
    decoder = av.CodecContext.create("jpegls", "r")
    decoded = decoder.decode(av.Packet(bytes(data)))[0].to_ndarray(format="rgb24")
    seen[name] = (own, decoded.shape, bool(np.array_equal(decoded, picture)), bool(decoded.any()))
    print(f"{name}: pyjpegls reads it back exactly: {own}; PyAV: {decoded.shape}, "
          f"mean {decoded.mean():.1f}, exact: {seen[name][2]}")
shape = picture.shape
sys.exit(seen != {"line": (True, shape, True, True), "sample": (True, shape, False, False)})
PYTHON
