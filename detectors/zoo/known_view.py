"""Does this processor compute the encoder right? It is asked about a view whose answer is known.

Measured as the relative distance of token summaries from the expected ones: an emulated Haswell, which has
AVX2 and no VNNI, gives the same as a processor with VNNI, and one changed bit of a picture moves them by
0.01 to 0.03. A kernel whose sums overflow was 0.56 to 1.13 off.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

Floats = npt.NDArray[np.float32]

MOST: Final = 0.1
"""Relative distance of a block's token summary from the expected one that still counts as right."""

EXPECTED: Final = Path(__file__).with_name("known_view.safetensors")
"""Summaries of the known view's tokens by block, "6" and "8": written by `bench.processors`."""

_SIDE: Final = 224
_BLOCK: Final = 16


def known_view() -> npt.NDArray[np.uint8]:
    """An RGB view (224, 224, 3) of slopes, squares and grain, made of whole numbers alone."""
    rng = np.random.default_rng(20261128)
    down, across = np.mgrid[0:_SIDE, 0:_SIDE]
    slopes = np.stack(
        [(3 * across + 2 * down) // 5, (across + 4 * down) // 6, 255 - (2 * across + down) // 4], -1
    )
    squares = rng.integers(0, 96, (_SIDE // _BLOCK, _SIDE // _BLOCK, 3))
    grain = rng.integers(-24, 25, (_SIDE, _SIDE, 3))
    enlarged = squares.repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)
    return np.asarray(np.clip(slopes // 2 + enlarged + grain + 20, 0, 255), np.uint8)


def distance(block: int, found: Floats) -> float:
    """Of the summary (3, width) of a block's tokens of the known view from the expected one."""
    expected = load_file(EXPECTED)[str(block)].astype(np.float32)
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
