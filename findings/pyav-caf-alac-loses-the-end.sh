#!/usr/bin/env bash
# Apple's lossless codec (ALAC) in a Core Audio file (CAF) keeps 4096 samples a packet; the header says how
# many samples of all packets are valid and how many at the end are filling. libsndfile, as packed in
# soundfile 0.14.0, writes and reads such files to the last sample. PyAV 18.1.0 (its FFmpeg) reads the same
# file without an error and leaves out as many samples at the end as there were filling, if those are at
# most half a packet: the last packet is already short, and is cut once more. Three seconds at 16 kHz end
# 1,152 samples early. In MP4 and Matroska the codec loses nothing.
#
# Seen (samples written, filling stated, read by soundfile, read by PyAV): (22527, 2049, 22527, 22527),
# (22528, 2048, 22528, 20480), (24575, 1, 24575, 24574), (48000, 1152, 48000, 46848).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" av==18.1.0 soundfile==0.14.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import struct
import sys

import av
import numpy as np
import soundfile

EXPECTED = [(22527, 2049, 22527, 22527), (22528, 2048, 22528, 20480),
            (24575, 1, 24575, 24574), (48000, 1152, 48000, 46848)]


def recording(samples: int) -> tuple[np.ndarray, bytes]:
    """So many samples of noise, and the file that soundfile makes of them."""
    noise = np.random.default_rng(1).normal(0, 3000, samples).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, noise, 16000, format="CAF", subtype="ALAC_16")
    return noise, file.getvalue()


def filling(data: bytes) -> int:
    """What the packet table says: samples at the end that are no sound (mRemainderFrames)."""
    table = data.index(b"pakt") + 12
    return struct.unpack(">qqii", data[table : table + 24])[3]


def read_by_pyav(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


as_expected = True
for expected in EXPECTED:
    noise, data = recording(expected[0])
    whole, _ = soundfile.read(io.BytesIO(data), dtype="int16")
    heard = read_by_pyav(data)
    seen = (len(noise), filling(data), len(whole), len(heard))
    print("written, filling, by soundfile, by PyAV:", seen)
    as_expected &= seen == expected and (whole == noise).all() and (heard == noise[: len(heard)]).all()
sys.exit(not as_expected)
PYTHON
