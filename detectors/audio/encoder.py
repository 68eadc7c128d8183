"""A frozen convolutional encoder of speech, and embeddings of windows taken from its fifth layer.

The network is the front of Distill-MOS (Stahl and Gamper 2025, MIT), trained by its authors to
predict how listeners rate speech after learning from XLS-R. Its own rating does not separate real
from synthetic speech; what its middle layers notice about spectra does.
"""

import contextlib
import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from detectors.audio.windows import HOP, Piece

Floats = npt.NDArray[np.float32]

CHANNELS: Final = (64, 64, 128, 256, 256)
"""Output channels of each 3 x 3 convolution; all but the first halve the frequency axis."""

_TAPPED: Final = (4,)  # convolutions whose output is embedded
_BANDS: Final = 4  # frequency bands each tapped output is averaged to
_FRAME: Final = 320  # samples (20 ms)
_COMPRESSION: Final = 0.3  # exponent of the magnitude; the phase is kept

_REACH: Final = len(CHANNELS)  # frames on either side that reach an output
_BLOCK: Final = 250
"""Frames that pass the network at once: what it holds does not grow with the length of a piece."""

_M_MMAP_THRESHOLD: Final = -3  # of mallopt(3)
_MAPPED_FROM: Final = 1024**2  # bytes

SIZE: Final = 2 * _BANDS * sum(CHANNELS[tap] for tap in _TAPPED)
"""Numbers in the embedding of a window."""


class Encoder(nn.Module):
    """Compressed complex spectrum -> five convolutions -> mean and deviation over each window."""

    def __init__(self) -> None:
        super().__init__()
        self._precision = torch.float32
        before = (2, *CHANNELS[:-1])
        self.layers = nn.ModuleList(
            nn.Conv2d(enter, leave, 3, stride=(1 if i == 0 else 2, 1), padding=(0, 1))
            for i, (enter, leave) in enumerate(zip(before, CHANNELS, strict=True))
        )

    @classmethod
    def load(cls, weights: Path) -> "Encoder":
        """Read safetensors; bfloat16 where the processor computes in it, else float32."""
        _return_freed_memory()
        encoder = cls()
        encoder.load_state_dict(load_file(weights))
        fast = torch.cpu._is_avx512_bf16_supported()
        encoder._precision = torch.bfloat16 if fast else torch.float32
        return encoder.to(encoder._precision).eval()

    @torch.inference_mode()
    def embed(self, piece: Piece) -> Floats:
        """One row for each window of a piece, shape (windows, SIZE)."""
        transform = _compressed(torch.from_numpy(piece.samples)).to(self._precision)
        series = torch.cat(
            [
                self._taps(transform[..., first:last])[:, begin - first : end - first]
                for first, last, begin, end in _blocks(transform.shape[-1])
            ],
            dim=1,
        )
        rows = []
        for first, last in piece.windows:
            deviation, mean = torch.std_mean(series[:, first:last], dim=1)
            rows.append(torch.cat([mean, deviation]))
        return np.asarray(torch.stack(rows).numpy(), np.float32)

    def _taps(self, hidden: Tensor) -> Tensor:
        """What is embedded of some frames, shape (SIZE / 2, frames)."""
        hidden = hidden.contiguous(memory_format=torch.channels_last)
        taps: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            hidden = functional.leaky_relu_(layer(hidden), 0.1)
            if i in _TAPPED:
                pooled = functional.adaptive_avg_pool2d(hidden.float(), (_BANDS, None))
                taps.append(pooled[0].flatten(0, 1))
        return torch.cat(taps)


def _blocks(frames: int) -> Iterator[tuple[int, int, int, int]]:
    """Where to cut `frames`: first and last frame shown, first and last kept of them.

    All blocks have one length, unless there is only one, and the convolutions see `_REACH` frames
    beyond what is kept, so that cuts leave no trace.
    """
    kept = 0
    while kept < frames:
        first = max(0, min(kept - _REACH, frames - _BLOCK))
        last = min(first + _BLOCK, frames)
        end = last if last == frames else last - _REACH
        yield first, last, kept, end
        kept = end


def _return_freed_memory() -> None:
    """Have glibc give every large array back to the system when it is freed, in all of the process.

    It would soon keep them on its heap, where torch's aligned blocks leave holes that none of the
    next ones fits: 270 MB of them after an hour of sound. Other C libraries have no such setting.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)


def _compressed(samples: Tensor) -> Tensor:
    """Complex spectrum with magnitudes raised to 0.3, shape (1, 2, 161, samples / HOP)."""
    margin = (_FRAME - HOP) // 2
    padded = functional.pad(samples[None], (margin, margin), mode="reflect")
    transform = torch.stft(
        padded, _FRAME, HOP, window=torch.hann_window(_FRAME), center=False, return_complex=True
    )
    scale = transform.abs().clamp(min=1e-12) ** (_COMPRESSION - 1)
    return torch.view_as_real(transform * scale).permute(0, 3, 1, 2)
