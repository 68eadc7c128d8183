"""Whisper's encoder is read out of the file that its packages hold in two parts."""

import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from detectors.audio.encoder import BLOCKS, MOMENTS, WIDTH, Encoder
from detectors.training.whisper import convert, read

_SHAPES = {
    "conv1/weight": (WIDTH, 80, 3),
    "conv1/bias": (WIDTH,),
    "conv2/weight": (WIDTH, WIDTH, 3),
    "conv2/bias": (WIDTH,),
    "position_encodings/encodings": (MOMENTS + 5, WIDTH),
    **{
        f"layer_{index}/{name}": shape
        for index in range(BLOCKS)
        for name, shape in {
            "self_attention/layer_norm/gamma": (WIDTH,),
            "self_attention/layer_norm/beta": (WIDTH,),
            "self_attention/linear_0/weight": (3 * WIDTH, WIDTH),
            "self_attention/linear_0/bias": (3 * WIDTH,),
            "self_attention/linear_1/weight": (WIDTH, WIDTH),
            "self_attention/linear_1/bias": (WIDTH,),
            "ffn/layer_norm/gamma": (WIDTH,),
            "ffn/layer_norm/beta": (WIDTH,),
            "ffn/linear_0/weight": (4 * WIDTH, WIDTH),
            "ffn/linear_0/bias": (4 * WIDTH,),
            "ffn/linear_1/weight": (WIDTH, 4 * WIDTH),
            "ffn/linear_1/bias": (WIDTH,),
        }.items()
    },
}


def _text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def _file(version: int = 6) -> bytes:
    parts = [struct.pack("<I", version), _text("WhisperSpec"), struct.pack("<II", 3, len(_SHAPES))]
    for number, (name, shape) in enumerate(_SHAPES.items()):
        values = np.full(shape, number / 8, np.float16)
        sizes = struct.pack(f"<B{len(shape)}IBI", len(shape), *shape, 4, values.nbytes)
        parts += [_text(f"encoder/{name}"), sizes, values.tobytes()]
    return b"".join(parts)


def test_what_is_converted_fits_the_encoder_array_by_array(tmp_path: Path) -> None:
    data, target = _file(), tmp_path / "encoder.safetensors"
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_bytes(data[:1000])
    second.write_bytes(data[1000:])
    convert([first, second], target)
    Encoder.load(target)
    found = load_file(target)
    names = list(_SHAPES)
    for ours, theirs in (
        ("second.weight", "conv2/weight"),
        ("places", "position_encodings/encodings"),
        ("blocks.1.attention_norm.bias", "layer_1/self_attention/layer_norm/beta"),
        ("blocks.0.dense_out.weight", "layer_0/ffn/linear_1/weight"),
    ):
        assert (found[ours] == names.index(theirs) / 8).all()


def test_a_file_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 6"):
        read(_file(version=5))
