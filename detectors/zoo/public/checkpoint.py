"""The handler that reads untrusted checkpoints inside the sandbox: what is in them, and safetensors.

Started with `detectors.media.sandbox`; torch is imported before the child is shut in.
"""

import io
import json
import math
import struct
from collections.abc import Mapping
from pickle import UnpicklingError
from typing import Any, BinaryIO, Final

import numpy as np
import torch
from safetensors.torch import save

from detectors.media.wire import HandlerError

MOST_TENSORS: Final = 20_000
_MOST_HEADER: Final = 4 * 1024**2
_LENGTH: Final = struct.Struct("<Q")
_BYTES: Final = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1
}  # fmt: skip
_REFUSED: Final = "weights_unfit"


def _rehearse() -> None:
    """Read a checkpoint once: torch imports parts of itself then, and later no file can be opened."""
    rehearsal = io.BytesIO()
    torch.save({"model": {"a": torch.zeros(1)}}, rehearsal)
    rehearsal.seek(0)
    save(_tensors(rehearsal, "model"))


def handle(
    request: dict[str, Any], file: BinaryIO | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Names and shapes of a checkpoint's tensors; of a torch one also its safetensors, as bytes.

    The request has `format` and, for torch, `inside`: the key of the tensors in what was saved.
    """
    if file is None:
        raise HandlerError(_REFUSED, "there is no file")
    if request["format"] == "safetensors":
        return {"shapes": _layout(file)}, {}
    tensors = _tensors(file, request["inside"])
    shapes = {name: list(value.shape) for name, value in tensors.items()}
    data = np.frombuffer(save(tensors), np.uint8)
    return {"shapes": shapes}, {"safetensors": data}


def _tensors(file: BinaryIO, inside: str) -> dict[str, torch.Tensor]:
    """The tensors of a torch checkpoint, read by the loader that knows nothing but tensors."""
    try:
        saved = torch.load(file, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, ValueError, EOFError, KeyError, TypeError) as error:
        detail = f"torch's weights-only loader refuses it ({type(error).__name__})"
        raise HandlerError(_REFUSED, detail) from error
    if inside:
        saved = saved.get(inside) if isinstance(saved, dict) else None
    if not isinstance(saved, dict) or not 0 < len(saved) <= MOST_TENSORS:
        raise HandlerError(_REFUSED, "it holds no tensors where the card says")
    if not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in saved.items()):
        raise HandlerError(_REFUSED, "it holds other things among the tensors")
    if not all(value.isfinite().all() for value in saved.values()):
        raise HandlerError(_REFUSED, "it holds numbers that are none")
    return {name: value.detach().clone().contiguous() for name, value in saved.items()}


def _layout(file: BinaryIO) -> dict[str, list[int]]:
    """Shapes from the header of a safetensors file, which must describe exactly the bytes there."""
    try:
        (size,) = _LENGTH.unpack(file.read(_LENGTH.size))
        if size > _MOST_HEADER:
            raise HandlerError(_REFUSED, "its header is too long")
        header = json.loads(file.read(size))
        header.pop("__metadata__", None)
        described = [
            (name, [int(side) for side in item["shape"]], item["dtype"], item["data_offsets"])
            for name, item in header.items()
        ]
        spans = sorted((*map(int, offsets), math.prod(shape) * _BYTES[dtype])
                       for _, shape, dtype, offsets in described)  # fmt: skip
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HandlerError(_REFUSED, "it is no safetensors file") from error
    end = 0
    for start, stop, length in spans:
        if start != end or stop - start != length:
            raise HandlerError(_REFUSED, "its tensors do not lie side by side")
        end = stop
    if not 0 < len(described) <= MOST_TENSORS:
        raise HandlerError(_REFUSED, "it holds no tensors")
    if file.seek(0, 2) != _LENGTH.size + size + end:
        raise HandlerError(_REFUSED, "it is shorter or longer than its header says")
    return {name: shape for name, shape, _, _ in described}


_rehearse()
