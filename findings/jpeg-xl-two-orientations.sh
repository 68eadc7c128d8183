#!/usr/bin/env bash
# Which way up a JPEG XL is depends on how pillow-jxl-plugin 1.3.8 came to it. Re-packed from a JPEG
# whose Exif says "turn by 90 degrees", the turn is in the codestream and every decoder applies it. The
# same pixels saved with the same Exif carry the turn in Exif alone, which JPEG XL tells readers to
# ignore: imagecodecs 2026.3.6 (libjxl) shows them lying down, while the plug-in, which hands out both
# unturned with Exif 6, makes no difference between the two.
#
# Seen (height, width of a 64 x 32 picture): re-packed (64, 32), saved (32, 64); the plug-in: Exif 6
# and size (64, 32) for both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" pillow==13.0.0 pillow-jxl-plugin==1.3.8 \
    imagecodecs==2026.3.6 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys
import warnings

import imagecodecs
import pillow_jxl  # registers the format
from PIL import Image

warnings.simplefilter("ignore")  # the plug-in warns that it re-packs
exif = Image.Exif()
exif[0x0112] = 6
pixels = Image.new("RGB", (64, 32))
jpeg = io.BytesIO()
pixels.save(jpeg, "JPEG", exif=exif)
with open("photo.jpg", "wb") as target:
    target.write(jpeg.getvalue())
repacked, saved = io.BytesIO(), io.BytesIO()
with Image.open("photo.jpg") as photo:
    photo.save(repacked, "JXL")
pixels.save(saved, "JXL", exif=exif.tobytes())
seen = {}
for name, file in (("re-packed", repacked), ("saved", saved)):
    shown = imagecodecs.jpegxl_decode(file.getvalue()).shape[:2]
    with Image.open(io.BytesIO(file.getvalue())) as picture:
        seen[name] = (shown, picture.size, picture.getexif().get(0x0112))
    print(f"{name}: libjxl shows {shown}; the plug-in: size {seen[name][1]}, Exif {seen[name][2]}")
sys.exit(seen != {"re-packed": ((64, 32), (64, 32), 6), "saved": ((32, 64), (64, 32), 6)})
PYTHON
