#!/usr/bin/env bash
# blind-watermark 0.4.4 tells bits apart by parting what it measured into two clusters, always. A mark whose
# bits are all set, or none, has one cluster, which is cut in two: a quarter to a half of the bits come out
# wrong from the very picture that was marked, while one bit among 64 that differs is enough for all to be
# right. A mark that is a flag, a zero or filling so reads as somebody else's, without a word.
#
# Seen (wrong of 64 bits): random 0, one set 0, all set 14, none set 33.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" blind-watermark==0.4.4 numpy==2.4.6 \
    opencv-python-headless==4.14.0.94 PyWavelets==1.9.0 scipy==1.17.1 --no-deps
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import sys

import blind_watermark
import numpy as np
import scipy.ndimage

blind_watermark.bw_notes.close()
SIDE, LENGTH = 512, 64
rng = np.random.default_rng(0)
marks = {"random": rng.integers(0, 2, LENGTH).astype(bool), "one set": np.arange(LENGTH) == 5,
         "all set": np.ones(LENGTH, bool), "none set": np.zeros(LENGTH, bool)}


def scene() -> np.ndarray:
    """Soft coloured shapes with grain."""
    layers = [scipy.ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), 24) for _ in "rgb"]
    shapes = np.stack([128 + 60 * np.tanh(layer / layer.std()) for layer in layers], -1)
    return (shapes + 6 * rng.standard_normal((SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)


picture = scene()
wrong = {}
for name, mark in marks.items():
    writer = blind_watermark.WaterMark(password_img=1, password_wm=1)
    writer.read_img(img=picture.copy())
    writer.read_wm(mark, mode="bit")
    marked = writer.embed().round().clip(0, 255).astype(np.uint8)
    reader = blind_watermark.WaterMark(password_img=1, password_wm=1)
    found = np.asarray(reader.extract(embed_img=marked, wm_shape=LENGTH, mode="bit")) > 0.5
    wrong[name] = int((found != mark).sum())
    print(f"{name}: {wrong[name]} of {LENGTH} bits are wrong")
sys.exit(not (wrong["random"] == wrong["one set"] == 0
              and wrong["all set"] > 3 and wrong["none set"] > 3))
PYTHON
