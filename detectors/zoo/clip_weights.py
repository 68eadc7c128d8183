"""The weights of the pinned CLIP file under the names that timm gives them, as floats."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.zoo.onnx_tensors import constants, matrices

Floats = npt.NDArray[np.float32]
Constants = dict[str, npt.NDArray[Any]]

ARCHITECTURE: Final = "vit_base_patch16_clip_quickgelu_224"
"""timm's name for CLIP ViT-B/16 with the activation it was trained with."""

_NODES: Final = "/vision_model/encoder/layers."
_NORMS: Final = {"layer_norm1": "norm1", "layer_norm2": "norm2"}
_LAYERS: Final = {"self_attn/out_proj": "attn.proj", "mlp/fc1": "mlp.fc1", "mlp/fc2": "mlp.fc2"}
_ATTENDING: Final = ("q_proj", "k_proj", "v_proj")  # in the order timm joins them


def state(file: Path, depth: int) -> dict[str, Floats]:
    """Parameters of the first `depth` blocks of timm's network, dequantised where they are INT8.

    The norm after the last block is not among them: nothing is read behind it.
    """
    model = file.read_bytes()
    known = constants(model)
    multiplied = matrices(model, known, tuple(f"{_NODES}{block}/" for block in range(depth)))
    first = "vision_model.embeddings."
    found = {
        "cls_token": known[first + "class_embedding"][None, None],
        "pos_embed": known[first + "position_embedding.weight"][None],
        "patch_embed.proj.weight": known[first + "patch_embedding.weight"],
        "norm_pre.weight": known["vision_model.pre_layrnorm.weight"],
        "norm_pre.bias": known["vision_model.pre_layrnorm.bias"],
    }
    for block in range(depth):
        found |= _block(known, multiplied, block)
    return {name: np.array(values, np.float32, order="C") for name, values in found.items()}


def _block(known: Constants, multiplied: dict[str, Floats], number: int) -> dict[str, Floats]:
    named, node = f"vision_model.encoder.layers.{number}.", f"{_NODES}{number}/"
    own = f"blocks.{number}."
    found = {
        f"{own}{short}.{part}": known[f"{named}{long}.{part}"]
        for long, short in _NORMS.items()
        for part in ("weight", "bias")
    }
    for long, short in _LAYERS.items():
        found[f"{own}{short}.weight"] = multiplied[f"{node}{long}/MatMul"].T
        found[f"{own}{short}.bias"] = known[named + long.replace("/", ".") + ".bias"]
    attending = [multiplied[f"{node}self_attn/{name}/MatMul"].T for name in _ATTENDING]
    biases = [known[f"{named}self_attn.{name}.bias"] for name in _ATTENDING]
    found[f"{own}attn.qkv.weight"] = np.concatenate(attending)
    found[f"{own}attn.qkv.bias"] = np.concatenate(biases)
    return found
