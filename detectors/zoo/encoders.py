"""The picture encoder for the device that this process was told to compute on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from detectors.zoo import device
from detectors.zoo.backbones import (
    CLIP_WIDTH,
    ClipEncoder,
    Floats,
    Pixels,
    deviation,
    require_right,
)
from detectors.zoo.batching import Batcher

if TYPE_CHECKING:
    from detectors.zoo.torch_clip import TorchClip


def clip_encoder(weights: Path, blocks: Sequence[int]) -> "ClipEncoder | SharedPasses":
    """In eight bits on a processor, in floating point and shared passes elsewhere.

    Raises `DeviceMissing`, and `WrongArithmetic` where the known view comes out wrong.
    """
    if device.on_processor():
        return ClipEncoder(weights, blocks=blocks)
    return SharedPasses.on(weights, blocks)


class SharedPasses:
    """An encoder whose passes hold the views of every scan of this process that waits for one."""

    width = CLIP_WIDTH
    grid = 14

    def __init__(self, network: "TorchClip", blocks: Sequence[int], how: str) -> None:
        """`how` says what computes and by which arithmetic. Raises `WrongArithmetic`."""
        self.blocks = len(blocks)
        self.how = how
        self._batcher = Batcher(network.tokens)
        self.deviation = deviation(self, blocks)
        require_right(self.deviation, how)

    @classmethod
    def on(cls, weights: Path, blocks: Sequence[int]) -> Self:
        """On the chosen device, in bf16 where that is CUDA."""
        from detectors.zoo.torch_clip import TorchClip  # torch only where it is used

        chosen = device.torch_device()
        bf16 = chosen.type == "cuda"
        network = TorchClip(weights, blocks=blocks, device=chosen, bf16=bf16)
        return cls(network, blocks, f"device {chosen}, in {'bf16' if bf16 else 'FP32'}")

    def tokens(self, view: Pixels) -> Floats:
        """As `TokenEncoder.tokens`."""
        found: Floats = self.tokens_of([view])[0]
        return found

    def tokens_of(self, views: Sequence[Pixels]) -> Floats:
        """As `ManyAtOnce.tokens_of`."""
        return self._batcher.encoded(views)

    def close(self) -> None:
        """Stop the thread that gathers."""
        self._batcher.close()
