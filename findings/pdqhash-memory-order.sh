#!/usr/bin/env bash
# pdqhash 0.2.8 hashes the memory of an array and not the array. Given a picture whose rows lie down the
# columns of memory, as numpy.rot90 makes it of a phone's photograph that was held upright, numpy.transpose,
# or scipy.io.loadmat, it hashes another picture: half of the 256 bits differ, as between strangers (a match
# is 31 at most), and the quality is given as full. Nothing is raised. Slices and flips are taken as they are.
#
# Seen (bits that differ between an array and its own copy, quality 100 each time): turned by 90: 146, by
# 180: 0, by 270: 122; in Fortran order: 112; every second row: 0; mirrored: 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" pdqhash==0.2.8 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import sys

import numpy as np
import pdqhash

down, across = np.mgrid[:240, :320] / 240
rng = np.random.default_rng(1)
waves = [sum(np.sin(2 * np.pi * (a * down + b * across) + c)
             for a, b, c in rng.uniform(-4, 4, (12, 3))) for _ in range(3)]
picture = np.clip(128 + 24 * np.stack(waves, -1), 0, 255).astype(np.uint8)
views = {"turned by 90": np.rot90(picture), "turned by 180": np.rot90(picture, 2),
         "turned by 270": np.rot90(picture, 3), "in Fortran order": np.asfortranarray(picture),
         "every second row": picture[::2], "mirrored": picture[:, ::-1]}
as_expected = True
for name, view in views.items():
    copy = np.array(view, order="C")
    same = np.array_equal(view, copy)
    (bits, quality), (expected, _) = pdqhash.compute(view), pdqhash.compute(copy)
    differ = int((bits != expected).sum())
    print(f"{name}: {differ} of 256 bits differ from those of its copy, quality {quality}")
    upright = name in ("turned by 180", "every second row", "mirrored")
    as_expected &= same and quality == 100 and (differ == 0 if upright else differ > 90)
sys.exit(not as_expected)
PYTHON
