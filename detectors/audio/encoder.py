"""A frozen encoder of speech, and embeddings of windows taken from its first blocks.

The network is the start of Whisper base (Radford et al. 2023, MIT): two convolutions over a mel
spectrogram and the first two of six transformer blocks. It was trained to write down what is said;
the later blocks forget how it sounds, the first ones still know.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from detectors.audio.windows import HOP, WINDOW, Piece
from detectors.zoo.weights import read_arrays

Floats = npt.NDArray[np.float32]

BLOCKS: Final = 2
"""Transformer blocks that speech goes through; what the last one puts out is embedded."""

WIDTH: Final = 512
"""Numbers that the network keeps of each moment of speech."""

MELS: Final = 80
FRAME: Final = 400
"""Samples of a frame of the spectrogram (25 ms)."""

MOMENTS: Final = WINDOW // 2
"""Moments of 20 ms that the network sees at once: one window, as in training."""

TOGETHER: Final = 4
"""Windows that go through the network at once: more need memory that is new each time, and gain nothing."""

SIZE: Final = 2 * WIDTH
"""Numbers in the embedding of a window."""

_HEADS: Final = 8
_RANGE: Final = 8.0  # decades of power kept under the loudest moment


class Block(nn.Module):
    """Self-attention and two dense layers, each on normalised input and added to it."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.attention_in = nn.Linear(WIDTH, 3 * WIDTH)
        self.attention_out = nn.Linear(WIDTH, WIDTH)
        self.dense_norm = nn.LayerNorm(WIDTH)
        self.dense_in = nn.Linear(WIDTH, 4 * WIDTH)
        self.dense_out = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, hidden: Tensor) -> Tensor:
        """Shape (batch, moments, WIDTH) in and out."""
        heads = self.attention_in(self.attention_norm(hidden)).unflatten(2, (3 * _HEADS, -1))
        query, key, value = heads.transpose(1, 2).chunk(3, dim=1)
        seen = functional.scaled_dot_product_attention(query, key, value)
        hidden = hidden + self.attention_out(seen.transpose(1, 2).flatten(2))
        dense = functional.gelu(self.dense_in(self.dense_norm(hidden)))
        added: Tensor = self.dense_out(dense)
        return hidden + added


class Encoder(nn.Module):
    """Log-mel spectrogram -> two convolutions -> blocks -> mean and deviation over each window."""

    def __init__(self) -> None:
        super().__init__()
        self._precision = torch.float32
        self._mel = torch.empty(MELS, FRAME // 2 + 1)
        self.first = nn.Conv1d(MELS, WIDTH, 3, padding=1)
        self.second = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.places = nn.Parameter(torch.empty(MOMENTS, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))

    @classmethod
    def load(cls, weights: Path) -> "Encoder":
        """Read safetensors; bfloat16 where the processor computes in it, else float32."""
        state = {name: torch.from_numpy(found) for name, found in read_arrays(weights).items()}
        encoder = cls()
        encoder._mel = state.pop("mel")
        encoder.load_state_dict(state)
        fast = torch.cpu._is_avx512_bf16_supported()
        encoder._precision = torch.bfloat16 if fast else torch.float32
        return encoder.to(encoder._precision).eval()

    @torch.inference_mode()
    def embed(self, piece: Piece) -> Floats:
        """One row for each window of a piece, shape (windows, SIZE)."""
        moments = self._moments(torch.from_numpy(piece.samples))
        rows = []
        for first, last in piece.windows:
            deviation, mean = torch.std_mean(moments[first // 2 : -(-last // 2)], dim=0)
            rows.append(torch.cat([mean, deviation]))
        return np.asarray(torch.stack(rows).numpy(), np.float32)

    def _moments(self, samples: Tensor) -> Tensor:
        """What the last block puts out, shape (frames / 2, WIDTH).

        The network sees a few neighbouring windows at once; the last one is moved back to end at the
        end of the piece, and gives what the others have not.
        """
        frames = samples.shape[0] // HOP
        if frames <= WINDOW:
            return self._seen(samples[None])[0]
        starts = [*range(0, frames - WINDOW, WINDOW), frames - WINDOW]
        views = torch.stack([samples[a * HOP : (a + WINDOW) * HOP] for a in starts])
        seen = torch.cat([self._seen(few) for few in torch.split(views, TOGETHER)])
        left = -(-frames // 2) - (len(starts) - 1) * MOMENTS
        return torch.cat([seen[:-1].flatten(0, 1), seen[-1, -left:]])

    def _seen(self, views: Tensor) -> Tensor:
        """What the last block puts out for views of at most a window, (views, moments, WIDTH)."""
        spectrogram = log_mel(views, self._mel).to(self._precision)
        hidden = functional.gelu(self.second(functional.gelu(self.first(spectrogram))))
        hidden = hidden.transpose(1, 2)
        hidden = hidden + self.places[: hidden.shape[1]]
        for block in self.blocks:
            hidden = block(hidden)
        return hidden.float()


def log_mel(views: Tensor, mel: Tensor) -> Tensor:
    """Spectrogram as Whisper has it, shape (views, MELS, frames), from samples (views, samples).

    `mel` holds the filters, shape (MELS, FRAME / 2 + 1).
    """
    spectra = torch.stft(
        views, FRAME, HOP, window=torch.hann_window(FRAME), pad_mode="reflect", return_complex=True
    )
    power = mel @ spectra[..., :-1].abs().square()
    decades = power.clamp(min=1e-10).log10()
    floor = decades.amax((1, 2), keepdim=True) - _RANGE
    return (torch.maximum(decades, floor) + 4) / 4
