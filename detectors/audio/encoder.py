"""A frozen encoder of speech, and embeddings of windows taken from its first blocks.

The network is the start of Whisper base (Radford et al. 2023, MIT): two convolutions over a mel
spectrogram and the first two of six transformer blocks. It was trained to write down what is said;
the later blocks forget how it sounds, the first ones still know.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import fft

from detectors.audio.windows import HOP, WINDOW, Piece
from detectors.zoo.onnx_graph import MICROSOFT, OnnxGraph
from detectors.zoo.sessions import session
from detectors.zoo.weights import read_arrays

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, npt.NDArray[Any]]

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
_TAPER: Final = np.hanning(FRAME + 1)[:-1].astype(np.float32)  # a periodic Hann window


class Encoder:
    """Log-mel spectrogram -> two convolutions -> blocks -> mean and deviation over each window."""

    def __init__(self, weights: Weights) -> None:
        """Raises `KeyError` where one is missing."""
        self._mel = weights["mel"].astype(np.float32)
        self._places = weights["places"].astype(np.float32)
        self._session = session(_network(weights))

    @classmethod
    def load(cls, weights: Path) -> "Encoder":
        """Read safetensors in half precision; computed in float32."""
        return cls(read_arrays(weights))

    def embed(self, piece: Piece) -> Floats:
        """One row for each window of a piece, shape (windows, SIZE)."""
        moments = self._moments(piece.samples)
        rows = []
        for first, last in piece.windows:
            own = moments[first // 2 : -(-last // 2)]
            rows.append(np.concatenate([own.mean(axis=0), own.std(axis=0, ddof=1)]))
        return np.asarray(np.stack(rows), np.float32)

    def _moments(self, samples: Floats) -> Floats:
        """What the last block puts out, shape (frames / 2, WIDTH).

        The network sees a few neighbouring windows at once; the last one is moved back to end at the
        end of the piece, and gives what the others have not.
        """
        frames = samples.shape[0] // HOP
        if frames <= WINDOW:
            return self._seen(samples[None]).reshape(-1, WIDTH)
        starts = [*range(0, frames - WINDOW, WINDOW), frames - WINDOW]
        views = np.stack([samples[a * HOP : (a + WINDOW) * HOP] for a in starts])
        few = (views[first : first + TOGETHER] for first in range(0, len(views), TOGETHER))
        seen = np.concatenate([self._seen(some) for some in few])
        left = -(-frames // 2) - (len(starts) - 1) * MOMENTS
        return np.asarray(
            np.concatenate([seen[:-1].reshape(-1, WIDTH), seen[-1, -left:]]), np.float32
        )

    def _seen(self, views: Floats) -> Floats:
        """What the last block puts out for views of at most a window, (views, moments, WIDTH)."""
        spectrogram = log_mel(views, self._mel)
        places = self._places[: -(-spectrogram.shape[2] // 2)]
        (found,) = self._session.run(None, {"spectrogram": spectrogram, "places": places})
        return np.asarray(found, np.float32)


def log_mel(views: Floats, mel: Floats) -> Floats:
    """Spectrogram as Whisper has it, shape (views, MELS, frames), from samples (views, samples).

    `mel` holds the filters, shape (MELS, FRAME / 2 + 1).
    """
    padded = np.pad(views, ((0, 0), (FRAME // 2, FRAME // 2)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=1)[:, ::HOP]
    tapered = frames[:, : views.shape[1] // HOP] * _TAPER
    spectra = fft.rfft(tapered)
    power = np.square(spectra.real) + np.square(spectra.imag)
    decades = np.log10(np.maximum(power @ mel.T, 1e-10)).swapaxes(1, 2)
    floor = decades.max(axis=(1, 2), keepdims=True) - _RANGE
    return np.ascontiguousarray((np.maximum(decades, floor) + 4) / 4, np.float32)


def _network(weights: Weights) -> Iterator[bytes]:
    """From a spectrogram (views, MELS, frames) and the first rows of "places" to the last block."""
    graph = OnnxGraph()

    def weight(name: str, *, turned: bool = False) -> str:
        values = weights[name].astype(np.float32)
        return graph.constant(name, values.T if turned else values)

    def bent(values: str) -> str:
        return graph.node("Gelu", [values], f"{values}.bent", domain=MICROSOFT)

    def convolved(values: str, name: str, stride: int) -> str:
        inputs = [values, weight(f"{name}.weight"), weight(f"{name}.bias")]
        return bent(graph.node("Conv", inputs, name, pads=[1, 1], strides=[stride]))

    def dense(values: str, name: str) -> str:
        product = graph.node(
            "MatMul", [values, weight(f"{name}.weight", turned=True)], f"{name}.product"
        )
        return graph.node("Add", [product, weight(f"{name}.bias")], name)

    def norm(values: str, name: str) -> str:
        both = (weights[f"{name}.{part}"].astype(np.float32) for part in ("weight", "bias"))
        return graph.norm(values, name, *both)

    heard = convolved(convolved("spectrogram", "first", 1), "second", 2)
    rows = graph.node("Transpose", [heard], "rows", perm=[0, 2, 1])
    hidden = graph.node("Add", [rows, "places"], "placed")
    for number in range(BLOCKS):
        own = f"blocks.{number}."
        joined = dense(norm(hidden, f"{own}attention_norm"), f"{own}attention_in")
        seen = graph.attended(joined, own, width=WIDTH, heads=_HEADS)
        hidden = graph.node("Add", [hidden, dense(seen, f"{own}attention_out")], f"{own}between")
        wide = bent(dense(norm(hidden, f"{own}dense_norm"), f"{own}dense_in"))
        hidden = graph.node("Add", [hidden, dense(wide, f"{own}dense_out")], f"{own}out")
    inputs = {"spectrogram": ("views", MELS, "frames"), "places": ("moments", WIDTH)}
    return graph.pieces("speech", inputs, {hidden: ("views", "moments", WIDTH)})
