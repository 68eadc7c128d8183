"""Cut an ONNX model at inner values, straight on its bytes, so that only the part needed runs.

The onnx package would do it too, at the price of one more dependency at run time. An ONNX file is a
protobuf message: field 7 of the model is the graph; fields 1 and 12 of the graph are its nodes, in
topological order, and its outputs; field 2 of a node lists the values it makes.
"""

from collections.abc import Iterator
from typing import Final

GRAPH: Final = 7
NODE: Final = 1
NODE_OUTPUT: Final = 2
_GRAPH_OUTPUT: Final = 12
_LENGTH_DELIMITED: Final = 2


def with_outputs(model: bytes, names: list[str]) -> bytes:
    """The model with exactly these outputs, without the nodes after the last of them.

    Raises `ValueError` when the model makes no such value or is not an ONNX model.
    """
    missing = set(names)
    parts: list[bytes | memoryview] = []
    graph = b"".join(content for number, content, _ in fields(model) if number == GRAPH)
    for number, content, whole in fields(graph):
        if number == _GRAPH_OUTPUT or (number == NODE and not missing):
            continue
        if number == NODE:
            made = {
                bytes(value).decode() for field, value, _ in fields(content) if field == NODE_OUTPUT
            }
            missing -= made
        parts.append(whole)
    if missing:
        raise ValueError(f"the model makes no value named {sorted(missing)}")
    parts += [message(_GRAPH_OUTPUT, message(1, name.encode())) for name in names]
    rest = [bytes(whole) for number, _, whole in fields(model) if number != GRAPH]
    return b"".join([*rest, message(GRAPH, b"".join(parts))])


def fields(data: bytes | memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content and whole bytes of each field; the content of a number is left empty."""
    view, at = memoryview(data), 0
    while at < len(view):
        start = at
        key, at = read_varint(view, at)
        content = view[:0]
        if key & 7 == _LENGTH_DELIMITED:
            size, at = read_varint(view, at)
            content = view[at : at + size]
            at += size
        elif key & 7 == 0:
            _, at = read_varint(view, at)
        else:
            at += {1: 8, 5: 4}.get(key & 7, len(view))
        if at > len(view):
            raise ValueError("not an ONNX model")
        yield key >> 3, content, view[start:at]


def read_varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(view):
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("not an ONNX model")


def message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
