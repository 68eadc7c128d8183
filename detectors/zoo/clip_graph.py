"""CLIP in eight bits as an ONNX graph: every range is fixed, and no sum can overflow.

The pinned file rounds activations by the range of the whole view, found anew each time; one changed bit
of a picture then moves the rounding of all. Here each multiplication rounds its inputs by ranges that were
measured once (`RANGES`), so a token is moved by what it depends on and nothing else:

- Channels are brought to like ranges by factors that the matrix takes back, as in SmoothQuant (Xiao et
  al. 2023, exponent `EASED`). Norms, values and one product per block take them in.
- The loudest channels (`LOUD`) are multiplied in floating point beside the rest.
- Matrices have seven bits and activations eight, so that the sum of two products fits into 16 bits,
  which is what processors with AVX2 and without VNNI add them in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from detectors.zoo.clip_weights import LAYERS, PinnedClip
from detectors.zoo.onnx_graph import MICROSOFT, OnnxGraph
from detectors.zoo.threads import side_by_side

Floats = npt.NDArray[np.float32]

RANGES: Final = Path(__file__).with_name("clip_ranges.safetensors")
"""By layer ("0.attn.qkv"), the lowest and highest input of each channel: (2, inputs)."""

EASED: Final = 0.65
"""Share of a channel's range that the matrix takes over; of 0.35 to 0.9 the least error."""
LOUD: Final = {"attn.qkv": 16, "attn.proj": 0, "mlp.fc1": 16, "mlp.fc2": 64}
"""Channels of each layer's input in floating point."""

SIDE: Final = 224
TOKENS: Final = 197
WIDTH: Final = 768
_PATCH: Final = 16
_HEADS: Final = 12
_MOST_WEIGHT: Final = 63
_LEVELS: Final = 255
_SMALLEST: Final = 1e-4  # of a channel that is always nought
_GELU: Final = 1.702


def clip_graph(weights: Path, blocks: Sequence[int]) -> tuple[Iterator[bytes], list[str]]:
    """A model of `pixel_values` (1, 3, 224, 224), normalised, and the names of its outputs: tokens after
    each of `blocks`, (1, 197, 768). `weights` is the pinned file. Raises `KeyError` for another network.

    The model comes in pieces that make it one after another, so that no second copy of it is needed.
    """
    pinned, depth = PinnedClip.read(weights), max(blocks)
    ranges = {layer: reach.astype(np.float32) for layer, reach in load_file(RANGES).items()}
    made = side_by_side(partial(_rounded_block, pinned, ranges), range(depth))
    return _Graph(pinned, made).model(blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rounded:
    """A layer: what is multiplied in integers, and the loud channels beside it."""

    scale: np.float32
    zero: np.uint8
    matrix: npt.NDArray[np.int8]  # (inputs, outputs)
    columns: Floats  # scale of each output
    bias: Floats
    loud: npt.NDArray[np.int64]
    rows: Floats  # (loud, outputs)
    factors: Floats  # by which its inputs are divided


def _rounded_block(
    pinned: PinnedClip, ranges: Mapping[str, Floats], block: int
) -> dict[str, _Rounded]:
    made: dict[str, _Rounded] = {}
    for layer in reversed(LAYERS):
        matrix, bias = pinned.matrix(block, layer), pinned.bias(block, layer)
        reach = ranges[f"{block}.{layer}"]
        factors = _factors(matrix, reach)
        if layer == "attn.qkv":  # the values are made as the next layer takes them
            values = made["attn.proj"].factors
            matrix[:, -WIDTH:] /= values
            bias[-WIDTH:] /= values
        made[layer] = _rounded(matrix, bias, reach, factors, LOUD[layer])
    return made


def _factors(matrix: Floats, reach: Floats) -> Floats:
    """By what to divide each input of a layer (inputs, outputs), their geometric mean being 1.

    In half precision out of double, so that the last digits of a processor's exponential decide
    nothing and matrices have the same bits everywhere.
    """
    loudest = np.maximum(np.abs(reach).max(axis=0), _SMALLEST).astype(np.float64)
    heaviest = np.maximum(np.maximum(matrix.max(axis=1), -matrix.min(axis=1)), _SMALLEST)
    log = EASED * np.log(loudest) - (1 - EASED) * np.log(heaviest.astype(np.float64))
    return np.asarray(np.exp(log - log.mean()).astype(np.float16), np.float32)


def _rounded(matrix: Floats, bias: Floats, reach: Floats, factors: Floats, loud: int) -> _Rounded:
    """A layer (inputs, outputs) with its `loud` loudest inputs apart; `matrix` is used up."""
    matrix *= factors[:, None]
    reach = reach / factors
    order = np.argsort(-np.abs(reach).max(axis=0), kind="stable")
    apart, quiet = order[:loud], reach[:, order[loud:]]
    rows = matrix[apart]
    matrix[apart] = 0
    low, high = min(float(quiet[0].min()), 0.0), max(float(quiet[1].max()), 0.0)
    scale = np.float32((high - low) / _LEVELS)
    columns = np.maximum(matrix.max(axis=0), -matrix.min(axis=0)) / _MOST_WEIGHT
    matrix /= columns
    return _Rounded(
        scale=scale,
        zero=np.uint8(round(-low / scale)),
        matrix=np.rint(matrix, out=matrix).astype(np.int8),
        columns=columns,
        bias=bias,
        loud=apart,
        rows=rows,
        factors=factors,
    )


class _Graph:
    def __init__(self, pinned: PinnedClip, rounded: Sequence[Mapping[str, _Rounded]]) -> None:
        self._pinned, self._rounded = pinned, rounded
        self._graph = OnnxGraph()

    def model(self, blocks: Sequence[int]) -> tuple[Iterator[bytes], list[str]]:
        tokens, after = self._embedded(), {}
        for block in range(len(self._rounded)):
            tokens = self._block(block, tokens)
            after[block + 1] = tokens
        outputs = [after[block] for block in blocks]
        pieces = self._graph.pieces(
            "clip",
            {"pixel_values": (1, 3, SIDE, SIDE)},
            dict.fromkeys(outputs, (1, TOKENS, WIDTH)),
        )
        return pieces, outputs

    def _embedded(self) -> str:
        graph, known = self._graph, self._pinned.embedding()
        kernel, first, place = (
            graph.constant(name, known[name])
            for name in ("patch_embed.proj.weight", "cls_token", "pos_embed")
        )
        patches = graph.node("Conv", ["pixel_values", kernel], "patches", strides=[_PATCH, _PATCH])
        flat = graph.constant("flat", np.array([1, WIDTH, TOKENS - 1]))
        columns = graph.node("Reshape", [patches, flat], "columns")
        rows = graph.node("Transpose", [columns], "rows", perm=[0, 2, 1])
        joined = graph.node("Concat", [first, rows], "joined", axis=1)
        placed = graph.node("Add", [joined, place], "placed")
        return graph.norm(placed, "norm_pre", known["norm_pre.weight"], known["norm_pre.bias"])

    def _block(self, number: int, tokens: str) -> str:
        graph, own, layers = self._graph, f"blocks.{number}.", self._rounded[number]
        heard = self._eased_norm(number, "norm1", tokens, layers["attn.qkv"].factors)
        joined = self._multiplied(heard, f"{own}attn.qkv", layers["attn.qkv"])
        attended = graph.attended(joined, own, width=WIDTH, heads=_HEADS)
        seen = self._multiplied(attended, f"{own}attn.proj", layers["attn.proj"])
        tokens = graph.node("Add", [tokens, seen], f"{own}between")
        heard = self._eased_norm(number, "norm2", tokens, layers["mlp.fc1"].factors)
        wide = self._multiplied(heard, f"{own}mlp.fc1", layers["mlp.fc1"])
        bent = graph.node("QuickGelu", [wide], f"{own}bent", domain=MICROSOFT, alpha=_GELU)
        eased = graph.constant(f"{own}eased", 1 / layers["mlp.fc2"].factors)
        even = graph.node("Mul", [bent, eased], f"{own}even")
        thought = self._multiplied(even, f"{own}mlp.fc2", layers["mlp.fc2"])
        return graph.node("Add", [tokens, thought], f"{own}tokens")

    def _eased_norm(self, block: int, name: str, values: str, factors: Floats) -> str:
        weight, bias = self._pinned.norm(block, name)
        own = f"blocks.{block}.{name}"
        return self._graph.norm(values, own, weight / factors, bias / factors)

    def _multiplied(self, values: str, layer: str, made: _Rounded) -> str:
        """What a layer makes of values that were divided by its factors."""
        graph = self._graph
        scale = graph.constant(f"{layer}.scale", made.scale)
        zero = graph.constant(f"{layer}.zero", made.zero)
        small = graph.node("QuantizeLinear", [values, scale, zero], f"{layer}.small")
        matrix = graph.constant(f"{layer}.matrix", made.matrix)
        columns = graph.constant(f"{layer}.columns", made.columns)
        bias = graph.constant(f"{layer}.bias", made.bias)
        product = graph.node(
            "MatMulIntegerToFloat",
            [small, matrix, scale, columns, zero, "", bias],
            f"{layer}.quiet",
            domain=MICROSOFT,
        )
        if not made.loud.size:
            return product
        chosen = graph.constant(f"{layer}.loud", made.loud)
        loud = graph.node("Gather", [values, chosen], f"{layer}.heard", axis=2)
        rows = graph.constant(f"{layer}.rows", made.rows)
        beside = graph.node("MatMul", [loud, rows], f"{layer}.beside")
        return graph.node("Add", [product, beside], f"{layer}.made")
