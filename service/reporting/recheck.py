"""Two reports about the same file: are the findings the same, and if not, what changed?

A pure comparison. `service.cli.recheck` makes the second report under the pins of the first.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from service.reporting.report import Report

TOLERANCE: Final = 1e-3
"""Relative and absolute difference of two numbers that count as the same: sums of floating-point
numbers depend on the processor and on the number of threads."""

_MAKING: Final = frozenset(
    {"analysed_at", "seconds", "schema_version", "findings[].seconds", "provenance.trust_lists"}
)
"""Members that say when and with what a report was made, by their place."""

_SMALL: Final = frozenset({"p_chance"})
"""Probabilities whose size counts, however small."""


_INDEX: Final = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is not what it was. None stands for "was not there"."""

    where: str  # "provenance.signer.trust", "findings[0].lr.log10"
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a report came to when it was made again."""

    pins: tuple[Change, ...]  # versions, models, lists or settings that are not the same any more
    findings: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether the findings are the same, whatever they were made with."""
        return not self.findings


def compare(first: Report, second: Report) -> Comparison:
    """Compare what two reports find, and what they were made with."""
    before, after = first.model_dump(mode="json"), second.model_dump(mode="json")
    return Comparison(
        pins=tuple(_differences(before.pop("engine"), after.pop("engine"), "", frozenset())),
        findings=tuple(_differences(before, after, "", _MAKING)),
    )


def _differences(
    before: Any,  # noqa: ANN401 (JSON)
    after: Any,  # noqa: ANN401
    where: str,
    without: frozenset[str],
) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:  # what a later version adds to reports is no change of the file
            inner = f"{where}.{name}" if where else name
            if _INDEX.sub("[]", inner) not in without:
                yield from _differences(before.get(name), after.get(name), inner, without)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            pair = [side[index] if index < len(side) else None for side in (before, after)]
            yield from _differences(pair[0], pair[1], f"{where}[{index}]", without)
    elif not _alike(before, after, where.rpartition(".")[2]):
        yield Change(where, before, after)


def _alike(before: object, after: object, name: str) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        nearest = 0.0 if name in _SMALL else TOLERANCE
        return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=nearest)
    return before == after
