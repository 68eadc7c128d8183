"""The quality of a JPEG, from its quantisation tables."""

from typing import Final

import numpy as np

# Luminance table of ITU-T T.81 Annex K, the one libjpeg scales by quality.
_ANNEX_K: Final = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69,
     56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104,
     113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)  # fmt: skip


def estimated_quality(table: list[int]) -> int:
    """The libjpeg quality, 1..100, whose luminance table comes nearest in sum to this one."""
    qualities = np.arange(1, 101)
    scale = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((_ANNEX_K[None] * scale[:, None] + 50) // 100, 1, 255)
    return int(qualities[np.abs(tables.sum(axis=1) - sum(table)).argmin()])
