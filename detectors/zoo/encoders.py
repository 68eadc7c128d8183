"""The picture encoder for the device that this process was told to compute on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from safetensors.numpy import load_file

from detectors.zoo import device
from detectors.zoo.backbones import (
    CLIP_WIDTH,
    ClipEncoder,
    Floats,
    Pixels,
    deviation,
    require_right,
    summary,
)
from detectors.zoo.batching import Batcher

if TYPE_CHECKING:
    from detectors.zoo.torch_clip import TorchClip

EIGHT_BITS_APART: Final = Path(__file__).with_name("eight_bits_apart.safetensors")
"""By block, how far summaries in eight bits lie on average from those in floating point.

The heads were trained on eight bits. Without this the score of what is no photograph is half a
standard deviation higher, and one picture in twenty more is refused.
"""


def clip_encoder(find: Callable[[], Path], blocks: Sequence[int]) -> "ClipEncoder | SharedPasses":
    """In eight bits on a processor, in floating point and shared passes elsewhere.

    `find` gives the verified pinned file. Raises what it does, `DeviceMissing`, and `WrongArithmetic` where the known view comes out wrong.
    """
    if device.on_processor():
        return ClipEncoder(find, blocks=blocks)
    return SharedPasses.on(find(), blocks)


class SharedPasses:
    """An encoder whose passes hold the views of every scan of this process that waits for one."""

    width = CLIP_WIDTH
    grid = 14

    def __init__(
        self, network: "TorchClip", blocks: Sequence[int], how: str, apart: Floats | None = None
    ) -> None:
        """`how` says what computes and by which arithmetic; `apart`, (blocks, 3, width), is added to
        summaries. Raises `WrongArithmetic`.
        """
        self.blocks = len(blocks)
        self.how = how
        self._apart = np.float32(0) if apart is None else apart
        self._batcher = Batcher(network.tokens)
        self.deviation = deviation(self, blocks)
        require_right(self.deviation, how)

    @classmethod
    def on(cls, weights: Path, blocks: Sequence[int]) -> Self:
        """On the chosen device, in bf16 where that is CUDA; summaries as eight bits give on average."""
        from detectors.zoo.torch_clip import TorchClip  # torch only where it is used

        chosen = device.torch_device()
        bf16 = chosen.type == "cuda"
        network = TorchClip(weights, blocks=blocks, device=chosen, bf16=bf16)
        known = load_file(EIGHT_BITS_APART)
        apart = np.stack([known[str(block)] for block in blocks]).astype(np.float32)
        return cls(network, blocks, f"device {chosen}, in {'bf16' if bf16 else 'FP32'}", apart)

    def tokens(self, view: Pixels) -> Floats:
        """As `TokenEncoder.tokens`."""
        found: Floats = self._batcher.encoded([view])[0]
        return found

    def summaries_of(self, views: Sequence[Pixels]) -> Floats:
        """As `Summarises.summaries_of`."""
        found = np.stack([summary(tokens) for tokens in self._batcher.encoded(views)])
        return np.asarray(found + self._apart, np.float32)

    def close(self) -> None:
        """Stop the thread that gathers."""
        self._batcher.close()
