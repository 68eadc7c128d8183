#!/usr/bin/env bash
# albumentations 2.0.8 takes pictures as red, green, blue, and its ImageCompression hands them to OpenCV, which
# takes them as blue, green, red. What comes back looks right: the JPEG's luma was made with the weights of red
# and blue exchanged. It differs from the JPEG that everybody else makes at that quality by half as much as that
# one differs from the original, and the trace by which detectors know a JPEG, that the DCT of its luma lies on
# multiples of the quantisation steps, is half gone. A detector that is trained with such copies to stand
# compression does not see what compression does. WebP goes the same way.
#
# Seen (quality 75): greatest difference to OpenCV's JPEG of the picture with red and blue exchanged 0, to the
# real one 29; PSNR of the real one to the original 29.2, of the copy to the real one 35.5 dB; share of luma's
# coefficients within a tenth of a step of a multiple: real 0.96, copy 0.54, never compressed 0.21.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" albumentations==2.0.8 albucore==0.0.24 \
    opencv-python-headless==4.14.0.94 pillow==13.0.0 scipy==1.17.1 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" NO_ALBUMENTATIONS_UPDATE=1 python3 - <<'PYTHON'
import io
import sys

import albumentations
import cv2
import numpy as np
import scipy.fft
import scipy.ndimage
from PIL import Image

QUALITY, SIDE = 75, 512


def scene() -> np.ndarray:
    """Soft coloured shapes with grain, as red, green, blue."""
    rng = np.random.default_rng(0)
    layers = [scipy.ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), size)
              for size in (24, 24, 24)]
    shapes = np.stack([128 + 90 * np.tanh(layer / layer.std()) for layer in layers], -1)
    grain = scipy.ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE, 3)), (1, 1, 0))
    return (shapes + 12 * grain / grain.std()).clip(0, 255).astype(np.uint8)


def by_opencv(picture: np.ndarray) -> np.ndarray:
    """OpenCV's JPEG of a picture as blue, green, red."""
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def steps() -> np.ndarray:
    """The quantisation steps of luma at this quality, as rows of frequencies."""
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG", quality=QUALITY)
    return np.array(Image.open(file).quantization[0], float).reshape(8, 8)


def on_steps(picture: np.ndarray) -> float:
    """The share of luma coefficients, zeros aside, that lie on a multiple of their step."""
    luma = picture @ np.array([0.299, 0.587, 0.114]) - 128
    blocks = luma.reshape(SIDE // 8, 8, SIDE // 8, 8).swapaxes(1, 2)
    multiples = scipy.fft.dctn(blocks, axes=(2, 3), norm="ortho") / steps()
    large = np.abs(multiples) > 0.6
    return float((np.abs(multiples - multiples.round())[large] < 0.1).mean())


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / ((one.astype(float) - other) ** 2).mean()))


def apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


original = scene()
compress = albumentations.ImageCompression(quality_range=(QUALITY, QUALITY), p=1)
copy = compress(image=original)["image"]
real, exchanged = by_opencv(original[..., ::-1])[..., ::-1], by_opencv(original)
shares = on_steps(real), on_steps(copy), on_steps(original)
print(f"greatest difference to the JPEG with red and blue exchanged {apart(copy, exchanged)}, "
      f"to the real one {apart(copy, real)}")
print(f"PSNR: real JPEG to original {psnr(real, original):.1f}, copy to real JPEG "
      f"{psnr(copy, real):.1f} dB")
print("luma on its steps: real {:.2f}, copy {:.2f}, never compressed {:.2f}".format(*shares))
sys.exit(not (apart(copy, exchanged) == 0 and apart(copy, real) > 10
              and shares[0] > shares[1] + 0.3))
PYTHON
