"""Cut an ONNX model at inner values, straight on its bytes, so that only the part needed runs.

The onnx package would do it too, at the price of one more dependency at run time. An ONNX file is a
protobuf message: field 7 of the model is the graph; fields 1 and 12 of the graph are its nodes, in
topological order, and its outputs; field 2 of a node lists the values it makes.
"""

from collections.abc import Iterator
from typing import Final

_GRAPH: Final = 7
_NODE: Final = 1
_NODE_OUTPUT: Final = 2
_GRAPH_OUTPUT: Final = 12
_LENGTH_DELIMITED: Final = 2


def with_outputs(model: bytes, names: list[str]) -> bytes:
    """The model with exactly these outputs, without the nodes after the last of them.

    Raises `ValueError` when the model makes no such value or is not an ONNX model.
    """
    missing = set(names)
    parts: list[bytes | memoryview] = []
    graph = b"".join(content for number, content, _ in _fields(model) if number == _GRAPH)
    for number, content, whole in _fields(graph):
        if number == _GRAPH_OUTPUT or (number == _NODE and not missing):
            continue
        if number == _NODE:
            made = {
                bytes(value).decode()
                for field, value, _ in _fields(content)
                if field == _NODE_OUTPUT
            }
            missing -= made
        parts.append(whole)
    if missing:
        raise ValueError(f"the model makes no value named {sorted(missing)}")
    parts += [_message(_GRAPH_OUTPUT, _message(1, name.encode())) for name in names]
    rest = [bytes(whole) for number, _, whole in _fields(model) if number != _GRAPH]
    return b"".join([*rest, _message(_GRAPH, b"".join(parts))])


def _fields(message: bytes | memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content and whole bytes of each field; the content of a number is left empty."""
    view, at = memoryview(message), 0
    while at < len(view):
        start = at
        key, at = _read_varint(view, at)
        content = view[:0]
        if key & 7 == _LENGTH_DELIMITED:
            size, at = _read_varint(view, at)
            content = view[at : at + size]
            at += size
        elif key & 7 == 0:
            _, at = _read_varint(view, at)
        else:
            at += {1: 8, 5: 4}.get(key & 7, len(view))
        if at > len(view):
            raise ValueError("not an ONNX model")
        yield key >> 3, content, view[start:at]


def _read_varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(view):
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("not an ONNX model")


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
