#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2) rounds floats down where it writes integers to WAV, AIFF or CAF, ALAC
# included, and to the nearest where it writes FLAC. It always asks libsndfile to clip, and the code that clips
# does not round. Every recording so written lies half a step below zero on average, and the noise of its
# rounding is 6 dB higher: 8 bits are worth 7. What is too soft for the format does not become silence: a tone
# of a hundredth of a step becomes a square wave of a whole one. Speech that a model made and that was saved in
# this way has an offset that a recording of a microphone lacks, and a detector may learn that instead.
#
# Seen (in steps: mean error, its RMS, range of a tone of a hundredth): WAV of 16 and of 8 bits, AIFF, ALAC:
# -0.50, 0.58, -1 to 0; FLAC, and WAV that scipy 1.17.1 writes after numpy's rint: 0.00, 0.29, 0 to 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" soundfile==0.14.0 scipy==1.17.1 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys

import numpy as np
import soundfile
from scipy.io import wavfile

RATE = 48000
noise = 0.1 * np.random.default_rng(0).standard_normal(4 * RATE)
tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)


def through_soundfile(samples: np.ndarray, kind: str, subtype: str) -> np.ndarray:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=kind, subtype=subtype)
    file.seek(0)
    return soundfile.read(file)[0]


def through_scipy(samples: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    wavfile.write(file, RATE, np.rint(samples * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16))
    file.seek(0)
    return soundfile.read(file)[0]


kinds = {"WAV, 16 bits": ("WAV", "PCM_16", 15), "WAV, 8 bits": ("WAV", "PCM_U8", 7),
         "AIFF, 16 bits": ("AIFF", "PCM_16", 15), "ALAC in CAF, 16 bits": ("CAF", "ALAC_16", 15),
         "FLAC, 16 bits": ("FLAC", "PCM_16", 15), "WAV, 16 bits, by scipy": (None, None, 15)}
seen = {}
for name, (kind, subtype, bits) in kinds.items():
    step = 2.0**-bits
    written = [through_soundfile(sound, kind, subtype) if kind else through_scipy(sound)
               for sound in (noise, 0.01 * step * tone)]
    error = (written[0] - noise) / step
    rms = np.sqrt((error**2).mean())
    low, high = int(written[1].min() / step), int(written[1].max() / step)
    seen[name] = (round(abs(error.mean()), 1), bool(rms > 0.5), low, high)
    print(f"{name}: mean error {error.mean():.2f} steps, RMS {rms:.2f}; "
          f"a tone of 0.01 steps: {low} to {high}")
down, nearest = (0.5, True, -1, 0), (0.0, False, 0, 0)
sys.exit(list(seen.values()) != [down] * 4 + [nearest] * 2)
PYTHON
