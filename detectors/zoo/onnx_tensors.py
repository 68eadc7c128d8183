"""Read the constants of an ONNX model, and its quantised matrices as floats, from its bytes.

Of an ONNX file's graph, field 5 holds the constants: dimensions (field 1), type (2), name (8) and
values, raw (9) or as numbers (4, 5). Fields 1, 3 and 4 of a node are its inputs, name and operator.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.zoo.onnx_surgery import GRAPH, NODE, fields, read_varint

Floats = npt.NDArray[np.float32]
Values = npt.NDArray[Any]

_CONSTANT: Final = 5
_TYPES: Final = {1: "<f4", 2: "u1", 3: "i1", 7: "<i8"}


def constants(model: bytes) -> dict[str, Values]:
    """Every constant of the main graph by its name. Raises `ValueError` for types unknown here."""
    return dict(_constant(content) for number, content in _graph(model) if number == _CONSTANT)


def matrices(
    model: bytes, known: Mapping[str, Values], under: tuple[str, ...] = ("",)
) -> dict[str, Floats]:
    """Quantised matrices, (inputs, outputs), by the name of the node that multiplies with each.

    `known` are its constants. They come back as the floats they stand for: the scale of each column times the distance from
    its zero point. Only nodes whose names begin with one of `under` are looked at.
    """
    found = {}
    for number, content in _graph(model):
        if number != NODE:
            continue
        inputs, name, operator = _node(content)
        if operator == "MatMulInteger" and name.startswith(under) and inputs[1] in known:
            scale = known[inputs[1].removesuffix("_quantized") + "_scale"]
            apart = known[inputs[1]].astype(np.int32) - known[inputs[3]].astype(np.int32)
            found[name.removesuffix("_quant")] = apart.astype(np.float32) * scale
    return found


def _graph(model: bytes) -> Iterator[tuple[int, memoryview]]:
    for number, graph, _ in fields(model):
        if number == GRAPH:
            yield from ((inner, content) for inner, content, _ in fields(graph))


def _node(content: memoryview) -> tuple[list[str], str, str]:
    """Inputs, name and operator."""
    texts: dict[int, list[str]] = {1: [], 3: [""], 4: [""]}
    for number, value, _ in fields(content):
        if number in texts:
            texts[number].append(bytes(value).decode())
    return texts[1], texts[3][-1], texts[4][-1]


def _constant(content: memoryview) -> tuple[str, Values]:
    sides: list[int] = []
    kind, name, raw, numbers = 0, "", b"", b""
    for number, value, whole in fields(content):
        if number in (1, 2):
            _, start = read_varint(whole, 0)
            count, _ = read_varint(whole, start)
            sides, kind = ([*sides, count], kind) if number == 1 else (sides, count)
        elif number == 8:
            name = bytes(value).decode()
        elif number in (4, 9):  # packed floats lie as raw ones do
            raw = bytes(value)
        elif number == 5:
            numbers = bytes(value)
    if kind not in _TYPES:
        raise ValueError(f"constant {name} has the unknown type {kind}")
    own = np.dtype(_TYPES[kind])
    flat: Values = np.frombuffer(raw, own) if raw else _small(numbers).astype(own)
    return name, flat.reshape(sides)


def _small(packed: bytes) -> npt.NDArray[np.int64]:
    """Integers of 32 bits, one after another as variable-length numbers of 64 bits."""
    view, at, found = memoryview(packed), 0, []
    while at < len(view):
        value, at = read_varint(view, at)
        found.append(value)
    return np.array(found, np.uint64).astype(np.int64)
