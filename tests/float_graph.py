"""Turn the dynamically quantised multiplications of an ONNX model into ones in floating point."""

from detectors.zoo.onnx_surgery import GRAPH, NODE, fields, message, with_outputs
from detectors.zoo.onnx_tensors import constants, matrices

_CONSTANT = 5
_QUANTISED = "_output_quantized"


def floating(model: bytes, outputs: list[str]) -> bytes:
    """The model with these outputs: what it makes of its inputs without rounding any of them."""
    graph = b"".join(bytes(content) for number, content, _ in fields(model) if number == GRAPH)
    known = matrices(model, constants(model))
    quantised = {}  # rounded value -> value
    for number, content, _ in fields(graph):
        if number == NODE:
            inputs, made, _, operator = _node(content)
            if operator == "DynamicQuantizeLinear":
                quantised[made[0]] = inputs[0]
    parts, done = [], set()
    for number, content, whole in fields(graph):
        inputs, made, name, operator = _node(content) if number == NODE else ([], [""], "", "")
        if operator == "MatMulInteger":
            result = made[0].removesuffix(_QUANTISED)
            matrix = known[name.removesuffix("_quant")]
            sides = b"".join(bytes([1 << 3]) + _varint(side) for side in matrix.shape)
            kind = bytes([2 << 3, 1])
            own = f"{result}_matrix"
            raw = message(9, matrix.astype("<f4").tobytes())
            parts.append(message(_CONSTANT, sides + kind + message(8, own.encode()) + raw))
            parts.append(_multiplied(quantised[inputs[0]], own, result))
            done.add(result)
        elif made[0] not in done and not (operator == "Cast" and inputs[0].endswith(_QUANTISED)):
            parts.append(bytes(whole))
    rest = [bytes(whole) for number, _, whole in fields(model) if number != GRAPH]
    return with_outputs(b"".join([*rest, message(GRAPH, b"".join(parts))]), outputs)


def _multiplied(values: str, matrix: str, result: str) -> bytes:
    names = ((1, values), (1, matrix), (2, result), (4, "MatMul"))
    return message(NODE, b"".join(message(field, name.encode()) for field, name in names))


def _node(content: memoryview) -> tuple[list[str], list[str], str, str]:
    """Inputs, outputs, name and operator."""
    texts: dict[int, list[str]] = {1: [], 2: [], 3: [""], 4: []}
    for number, value, _ in fields(content):
        if number in texts:
            texts[number].append(bytes(value).decode())
    return texts[1], texts[2], texts[3][-1], texts[4][0]


def _varint(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80, value >> 7])
