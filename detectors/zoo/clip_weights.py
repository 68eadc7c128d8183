"""The weights of the pinned CLIP file under the names that timm gives them, as floats."""

from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from detectors.errors import WeightsUnfit

Floats = npt.NDArray[np.float32]

ARCHITECTURE: Final = "vit_base_patch16_clip_quickgelu_224"
"""timm's name for CLIP ViT-B/16 with the activation it was trained with."""

LAYERS: Final = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
"""What multiplies with a matrix in a block."""

_NODES: Final = "/vision_model/encoder/layers."
_OURS: Final = {
    "attn.qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attn.proj": ("self_attn.out_proj",),
    "mlp.fc1": ("mlp.fc1",),
    "mlp.fc2": ("mlp.fc2",),
}
_NORMS: Final = {"norm1": "layer_norm1", "norm2": "layer_norm2"}


class PinnedClip:
    """The pinned file, whose matrices become floats when they are asked for."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._factors = {  # of each quantised multiplication: the matrix and its zero point
            node.name: (node.input[1], node.input[3])
            for node in graph.node
            if node.op_type == "MatMulInteger"
        }

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises `OSError`, and `WeightsUnfit` for what is no ONNX model."""
        try:
            return cls(onnx.load(file).graph)
        except DecodeError as error:
            raise WeightsUnfit(f"{file.name} is no ONNX model") from error

    def matrix(self, block: int, layer: str) -> Floats:
        """Dequantised: (inputs, outputs); queries, keys and values beside each other."""
        parts = [self._matrix(f"{_NODES}{block}/{own.replace('.', '/')}") for own in _OURS[layer]]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def bias(self, block: int, layer: str) -> Floats:
        """What a layer adds: (outputs,)."""
        return np.concatenate([self._own(block, f"{own}.bias") for own in _OURS[layer]])

    def norm(self, block: int, name: str) -> tuple[Floats, Floats]:
        """Weight and bias of `norm1` or `norm2`: (768,) each."""
        weight, bias = (self._own(block, f"{_NORMS[name]}.{part}") for part in ("weight", "bias"))
        return weight, bias

    def embedding(self) -> dict[str, Floats]:
        """What turns pixels into the first block's tokens."""
        first = "vision_model.embeddings."
        return {
            "cls_token": self._constant(first + "class_embedding")[None, None],
            "pos_embed": self._constant(first + "position_embedding.weight")[None],
            "patch_embed.proj.weight": self._constant(first + "patch_embedding.weight"),
            "norm_pre.weight": self._constant("vision_model.pre_layrnorm.weight"),
            "norm_pre.bias": self._constant("vision_model.pre_layrnorm.bias"),
        }

    def _own(self, block: int, name: str) -> Floats:
        return self._constant(f"vision_model.encoder.layers.{block}.{name}")

    def _constant(self, name: str) -> npt.NDArray[Any]:
        return numpy_helper.to_array(self._constants[name])

    def _matrix(self, node: str) -> Floats:
        """The scale of each column times the distance from its zero point."""
        name, zero = self._factors[f"{node}/MatMul_quant"]
        apart = self._constant(name).astype(np.float32)
        apart -= self._constant(zero)
        apart *= self._constant(name.removesuffix("_quantized") + "_scale")
        return apart


def state(file: Path, depth: int) -> dict[str, Floats]:
    """Parameters of the first `depth` blocks of timm's network, dequantised where they are INT8.

    The norm after the last block is not among them: nothing is read behind it. Raises `KeyError` for
    another network.
    """
    pinned = PinnedClip.read(file)
    found = pinned.embedding()
    for block in range(depth):
        own = f"blocks.{block}."
        for layer in LAYERS:
            found[f"{own}{layer}.weight"] = pinned.matrix(block, layer).T
            found[f"{own}{layer}.bias"] = pinned.bias(block, layer)
        for name in _NORMS:
            found[f"{own}{name}.weight"], found[f"{own}{name}.bias"] = pinned.norm(block, name)
    return {name: np.array(values, np.float32, order="C") for name, values in found.items()}
