"""Score photographs and edits of them with a localiser that was not trained on them.

Pictures keep their own size and go through the detector as at run time, as they were published,
saved again, and laundered. One part of each picture is edited.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Image
from detectors.bench.scores import CLEAN
from detectors.errors import NotApplicable
from detectors.image.edits import EditDetector
from detectors.training.edit_bank import Host
from detectors.training.edit_making import KINDS, SIDE, edited_square, saved_again
from detectors.training.edit_network import SEED, SHARES
from detectors.training.laundering import Pixels, laundered

log = logging.getLogger(__name__)

LAUNDERINGS: Final = ("jpeg-90", "jpeg-70", "resize-0.75", "social")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One picture's score; `truth` is set for edits: the edited share of each patch of the map.

    `patches` are the raw scores of the map's patches, `areas` their shares of the picture.
    """

    path: str
    source: str
    kind: str  # of the edit; empty for an untouched picture
    saved: str
    laundering: str
    raw: float | None  # None: the detector abstained
    reason: str
    patches: npt.NDArray[np.float32]
    areas: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32]


def judge(hosts: list[Host], detector: EditDetector) -> Iterator[Judged]:
    """Every photograph untouched, saved again, edited, and the first and last laundered too."""
    for index, host in enumerate(hosts):
        rng = np.random.default_rng([SEED + 2, int(host.digest[:8], 16)])
        donor = hosts[int(rng.integers(len(hosts)))]
        pixels = host.pixels()
        kind = str(rng.choice(KINDS, p=SHARES))
        changed, truth = edited_picture(pixels, donor.pixels(), kind, rng)
        state = int(rng.integers(2**31))
        edited, saved = saved_again(changed, np.random.default_rng(state))
        twin, _ = saved_again(pixels, np.random.default_rng(state))
        nothing = np.zeros(pixels.shape[:2], np.uint8)
        yield _judged(detector, host, twin, nothing, "", saved, CLEAN)
        for laundering in (CLEAN, *LAUNDERINGS):
            yield _judged(detector, host, pixels, nothing, "", "as published", laundering)
            yield _judged(detector, host, edited, truth, kind, saved, laundering)
        if index % 100 == 0:
            log.info("%d of %d photographs", index, len(hosts))


def edited_picture(
    pixels: Pixels, donor: Pixels, kind: str, rng: np.random.Generator
) -> tuple[Pixels, Pixels]:
    """A picture edited somewhere, with where: (height, width) of 0 and 1."""
    height, width = pixels.shape[:2]
    side = min(height, width, SIDE)
    top, left = (int(rng.integers(0, limit - side + 1)) for limit in (height, width))
    part = pixels[top : top + side, left : left + side]
    square = cv2.copyMakeBorder(
        part, 0, SIDE - side, 0, SIDE - side, borderType=cv2.BORDER_REFLECT_101
    )
    changed, where = edited_square(np.asarray(square, np.uint8), donor, kind, rng)
    edited, truth = pixels.copy(), np.zeros((height, width), np.uint8)
    edited[top : top + side, left : left + side] = changed[:side, :side]
    truth[top : top + side, left : left + side] = where[:side, :side]
    return edited, truth


def _judged(
    detector: EditDetector,
    host: Host,
    pixels: Pixels,
    truth: Pixels,
    kind: str,
    saved: str,
    laundering: str,
) -> Judged:
    if laundering != CLEAN:
        pixels = laundered(laundering, pixels)
        size = pixels.shape[1], pixels.shape[0]
        truth = np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    raw, reason, patches, areas, shares = None, "", [], [], []
    try:
        seen = detector.observe(Image(pixels=pixels, container="jpeg"))
    except NotApplicable as refusal:
        reason = refusal.reason.value
    else:
        raw = seen.raw
        height, width = truth.shape[:2]
        for patch in seen.patches:
            rows = slice(round(patch.top * height), max(1, round(patch.bottom * height)))
            columns = slice(round(patch.left * width), max(1, round(patch.right * width)))
            patches.append(patch.raw)
            areas.append((patch.right - patch.left) * (patch.bottom - patch.top))
            shares.append(float(truth[rows, columns].mean()))
    return Judged(
        path=f"{host.digest}-{kind or 'untouched'}-{saved}",
        source=host.source,
        kind=kind,
        saved=saved,
        laundering=laundering,
        raw=raw,
        reason=reason,
        patches=np.array(patches, np.float32),
        areas=np.array(areas, np.float32),
        truth=np.array(shares, np.float32),
    )


def pixel_f1(judged: Judged, threshold: float) -> float:
    """F1 of the area of patches above `threshold` against the edited area."""
    found = judged.patches > threshold
    true = float((judged.areas * judged.truth)[found].sum())
    total = float(judged.areas[found].sum() + (judged.areas * judged.truth).sum())
    return 2 * true / total if total else 0.0
