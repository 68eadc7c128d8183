"""Mix the channels of a recording to one, and notice when they cancel each other out."""

from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_BLOCK: Final = 1.0  # seconds that are looked at together: short ones cancel by chance
_CANCELLED: Final = 0.1
"""Power of the mix against that of as many unlike channels, below which a block is cancelled.

Equal channels give their number, unlike ones or a single one 1, mirrored ones 0.
"""
_AUDIBLE: Final = 1e-6  # power (-60 dB) below which a block counts as silent
_LEAST: Final = 0.5  # seconds cancelled that matter
_THROUGHOUT: Final = 0.8  # share of what is audible


class Mixer:
    """Turns frames into mono, and keeps count of what that cost.

    Not libswresample's mix, which pushes a loud stereo pair past 1, and whose set-up in PyAV 18
    crashed on a fuzzed WAV of 22 channels.
    """

    def __init__(self, alone: int | None = None) -> None:
        """`alone` is the one channel to take; None takes the mean of all."""
        self._alone = alone
        self._audible = self._cancelled = 0.0  # seconds
        self._lost = np.zeros(0)  # energy of each channel in cancelled blocks
        self._energy = np.zeros(0)  # of each channel in this block, the mix behind them
        self._seconds = 0.0  # of this block

    @property
    def cancels(self) -> bool:
        """Whether enough is cancelled that speech could be lost."""
        self._close()
        return self._cancelled >= min(_LEAST, self._audible / 2) > 0

    @property
    def cancels_throughout(self) -> bool:
        """Whether nearly everything audible is, so that one channel holds all there is."""
        return self._cancelled >= _THROUGHOUT * self._audible

    @property
    def loudest(self) -> int:
        """The channel that holds most of what was cancelled."""
        return int(self._lost.argmax())

    def mono(self, frame: av.AudioFrame) -> Samples:
        """One channel, whatever the frame's sample format, shape (samples,)."""
        values: npt.NDArray[Any] = frame.to_ndarray()
        if not frame.format.is_planar:
            values = values.reshape(-1, frame.layout.nb_channels).T
        mean = _scaled(values.mean(axis=0, dtype=np.float64), values.dtype)
        if values.shape[0] > 1:
            self._count(values, mean, frame.sample_rate)
            if self._alone is not None:
                which = min(self._alone, values.shape[0] - 1)
                mean = _scaled(values[which].astype(np.float64), values.dtype)
        return mean.astype(np.float32)

    def _count(self, values: npt.NDArray[Any], mean: npt.NDArray[np.float64], rate: int) -> None:
        if self._energy.size != values.shape[0] + 1:
            self._close()
            self._energy = np.zeros(values.shape[0] + 1)
        for channel, own in enumerate(values):
            scaled = _scaled(own.astype(np.float64), values.dtype)
            self._energy[channel] += scaled @ scaled / rate
        self._energy[-1] += mean @ mean / rate
        self._seconds += mean.size / rate
        if self._seconds >= _BLOCK:
            self._close()

    def _close(self) -> None:
        """Judge the block that was counted."""
        if not self._seconds:
            return
        channels, mix = self._energy[:-1], float(self._energy[-1])
        if channels.mean() > _AUDIBLE * self._seconds:
            self._audible += self._seconds
            if mix * channels.size < _CANCELLED * channels.mean():
                self._cancelled += self._seconds
                if self._lost.size != channels.size:
                    self._lost = np.zeros(channels.size)
                self._lost += channels
        self._energy = np.zeros(self._energy.size)
        self._seconds = 0.0


def _scaled(values: npt.NDArray[np.float64], source: np.dtype[Any]) -> npt.NDArray[np.float64]:
    """Samples in [-1, 1], from the range of the type that the decoder gave."""
    if source == np.uint8:
        return (values - 128) / 128
    return values / 2.0 ** (8 * source.itemsize - 1) if source.kind == "i" else values
