"""CLIP in eight bits as an ONNX graph: every range is fixed, and no sum can overflow.

The pinned file rounds activations by the range of the whole view, found anew each time; one changed bit
of a picture then moves the rounding of all. Here each multiplication rounds its inputs by ranges that were
measured once (`RANGES`), so a token is moved by what it depends on and nothing else:

- Channels are brought to like ranges by factors that the matrix takes back, as in SmoothQuant (Xiao et
  al. 2023, exponent `EASED`). Norms, values and one product per block take them in.
- The loudest channels (`LOUD`) are multiplied in floating point beside the rest.
- Matrices have seven bits and activations eight, so that the sum of two products fits into 16 bits,
  which is what processors with AVX2 and without VNNI add them in.

Products come in parts that stay in a core's cache until what is made of them is done. Each number is
computed as in one piece.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
_PARTS: Final = 4  # of the hidden units of a block: 0.6 MB each, in floats


def clip_graph(weights: Path, blocks: Sequence[int]) -> Iterator[bytes]:
    """A model of `pixel_values` (1, 3, 224, 224), normalised, that puts out the tokens after each of
    `blocks`, (197, 768). `weights` is the pinned file. Raises `KeyError` for another network.

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
        self._rows = self._graph.constant("as_rows", np.array([TOKENS, WIDTH]))
        self._batch = self._graph.constant("as_batch", np.array([1, TOKENS, WIDTH]))

    def model(self, blocks: Sequence[int]) -> Iterator[bytes]:
        tokens, after = self._embedded(), {}
        for block in range(len(self._rounded)):
            tokens = self._block(block, tokens)
            after[block + 1] = tokens
        outputs = [after[block] for block in blocks]
        return self._graph.pieces(
            "clip",
            {"pixel_values": (1, 3, SIDE, SIDE)},
            dict.fromkeys(outputs, (TOKENS, WIDTH)),
        )

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
        tokens = graph.norm(placed, "norm_pre", known["norm_pre.weight"], known["norm_pre.bias"])
        return graph.node("Reshape", [tokens, self._rows], "tokens")

    def _block(self, number: int, tokens: str) -> str:
        graph, own = self._graph, f"blocks.{number}."
        tokens = graph.node("Add", [tokens, self._attended(number, tokens)], f"{own}between")
        return graph.node("Add", [tokens, self._thought(number, tokens)], f"{own}tokens")

    def _attended(self, number: int, tokens: str) -> str:
        graph, own, layers = self._graph, f"blocks.{number}.", self._rounded[number]
        joined, proj = layers["attn.qkv"], layers["attn.proj"]
        heard = self._heard(
            f"{own}attn.qkv", self._eased_norm(number, "norm1", tokens, joined.factors), joined
        )
        apart = []
        for third, name in enumerate(("queries", "keys", "values")):
            columns = slice(third * WIDTH, (third + 1) * WIDTH)
            made = self._product(heard, f"{own}attn.{name}", joined, columns)
            apart.append(graph.node("Reshape", [made, self._batch], f"{own}{name}"))
        seen = graph.attention(apart, own, heads=_HEADS)
        rows = graph.node("Reshape", [seen, self._rows], f"{own}seen")
        return self._product(self._heard(f"{own}attn.proj", rows, proj), f"{own}attn.proj", proj)

    def _thought(self, number: int, tokens: str) -> str:
        """What the two layers behind attention make; hidden units that the second one leaves out in
        integers are its loud ones, or count for nothing.
        """
        graph, own, layers = self._graph, f"blocks.{number}.", self._rounded[number]
        first, second = layers["mlp.fc1"], layers["mlp.fc2"]
        heard = self._heard(
            f"{own}mlp.fc1", self._eased_norm(number, "norm2", tokens, first.factors), first
        )

        def hidden(part: str, units: npt.NDArray[np.int64]) -> str:
            wide = self._product(heard, f"{own}mlp.fc1.{part}", first, units)
            bent = graph.node(
                "QuickGelu", [wide], f"{own}bent.{part}", domain=MICROSOFT, alpha=_GELU
            )
            eased = graph.constant(f"{own}eased.{part}", 1 / second.factors[units])
            return graph.node("Mul", [bent, eased], f"{own}even.{part}")

        quiet = np.flatnonzero(second.matrix.any(axis=1))
        scale, zero = self._steps(f"{own}mlp.fc2", second)
        small = [
            graph.node(
                "QuantizeLinear", [hidden(str(part), units), scale, zero], f"{own}small.{part}"
            )
            for part, units in enumerate(np.array_split(quiet, _PARTS))
        ]
        joined = graph.node("Concat", small, f"{own}mlp.fc2.small", axis=1)
        all_of_it = _Heard(joined, scale, zero, hidden("loud", second.loud))
        kept = replace(second, matrix=second.matrix[quiet])
        return self._product(all_of_it, f"{own}mlp.fc2", kept)

    def _eased_norm(self, block: int, name: str, values: str, factors: Floats) -> str:
        weight, bias = self._pinned.norm(block, name)
        own = f"blocks.{block}.{name}"
        return self._graph.norm(values, own, weight / factors, bias / factors)

    def _heard(self, layer: str, values: str, made: _Rounded) -> "_Heard":
        """A layer's input, of values that were divided by its factors."""
        graph = self._graph
        scale, zero = self._steps(layer, made)
        small = graph.node("QuantizeLinear", [values, scale, zero], f"{layer}.small")
        if not made.loud.size:
            return _Heard(small, scale, zero)
        chosen = graph.constant(f"{layer}.loud", made.loud)
        loud = graph.node("Gather", [values, chosen], f"{layer}.heard", axis=1)
        return _Heard(small, scale, zero, loud)

    def _steps(self, layer: str, made: _Rounded) -> tuple[str, str]:
        """Scale and zero point of a layer's input."""
        scale = self._graph.constant(f"{layer}.scale", made.scale)
        return scale, self._graph.constant(f"{layer}.zero", made.zero)

    def _product(
        self,
        heard: "_Heard",
        layer: str,
        made: _Rounded,
        columns: slice | npt.NDArray[np.int64] = slice(None),
    ) -> str:
        """What a layer makes of its input, or some columns of that."""
        graph = self._graph
        matrix = graph.constant(f"{layer}.matrix", made.matrix[:, columns])
        steps = graph.constant(f"{layer}.columns", made.columns[columns])
        bias = graph.constant(f"{layer}.bias", made.bias[columns])
        product = graph.node(
            "MatMulIntegerToFloat",
            [heard.small, matrix, heard.scale, steps, heard.zero, "", bias],
            f"{layer}.quiet",
            domain=MICROSOFT,
        )
        if heard.loud is None:
            return product
        rows = graph.constant(f"{layer}.rows", made.rows[:, columns])
        return graph.node("Gemm", [heard.loud, rows, product], f"{layer}.made")


@dataclass(frozen=True, slots=True)
class _Heard:
    """Names of a layer's input in integers, of its scale and zero point, and of its loud channels."""

    small: str
    scale: str
    zero: str
    loud: str | None = None
