#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8) and soundfile 0.14.0 (libvorbis) decode the same Ogg Vorbis to different
# lengths, and by how much depends on the sound: of a tone FFmpeg hands out 128 samples too few, its
# time stamps beginning at 128 though the sound does not, so the end is missing; of noise it hands out
# all of them. The stream's own duration is right each time.
#
# Seen: 88,337 samples written; tone: soundfile 88,337, PyAV 88,209 from time stamp 128, equal to the
# first 88,209; noise: 88,337 from both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" soundfile==0.14.0 av==18.1.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys

import av
import numpy as np
import soundfile

RATE, LENGTH = 44100, 88337
sounds = {"tone": 0.3 * np.sin(2 * np.pi * 440 * np.arange(LENGTH) / RATE),
          "noise": 0.1 * np.random.default_rng(1).standard_normal(LENGTH)}
seen = {}
for name, samples in sounds.items():
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="OGG", subtype="VORBIS")
    reference, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
    with av.open(io.BytesIO(file.getvalue())) as container:
        duration = container.streams.audio[0].duration
        frames = list(container.decode(audio=0))
    decoded = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    same = bool(np.abs(decoded - reference[: len(decoded)]).max() < 1e-5)
    seen[name] = (len(reference), len(decoded), frames[0].pts, duration, same)
    print(f"{name}: soundfile {len(reference)}, PyAV {len(decoded)} from time stamp "
          f"{frames[0].pts}, duration {duration}, equal from the first sample on: {same}")
sys.exit(seen != {"tone": (LENGTH, LENGTH - 128, 128, LENGTH, True),
                  "noise": (LENGTH, LENGTH, 0, LENGTH, True)})
PYTHON
