"""Two reports about the same file: are the findings the same, and if not, what changed?

A pure comparison. `service.cli.recheck` makes the second report under the pins of the first.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.reporting.report import Report

TOLERANCE: Final = 1e-3
"""Relative and absolute difference of two numbers that count as the same: sums of floating-point
numbers depend on the processor and on the number of threads."""

SCORE_TOLERANCE: Final = 0.02
"""The same for scores, in natural log odds, before twice the margin that a finding states.

Measured: bfloat16 against float32 in the speech encoder 0.009 in log10 at most, one thread of a model
against two 1e-6, another processor as `python -m detectors.bench.processors` prints.
"""

_LOG10_E: Final = math.log10(math.e)

_MAKING: Final = frozenset(
    {
        "analysed_at",
        "seconds",
        "schema_version",
        "findings[].seconds",
        "provenance.trust_lists",
        "decision",
    }
)
"""Members that say when and with what a report was made, or what was done about it, by place."""

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
    before, after = _plain(first), _plain(second)
    pins = _differences(before.pop("engine"), after.pop("engine"), "", frozenset(), {})
    return Comparison(
        pins=tuple(pins),
        findings=tuple(_differences(before, after, "", _MAKING, _tolerances(first, second))),
    )


def _plain(report: Report) -> dict[str, Any]:
    """A report as JSON, without the sentences that put scores into words: scores are compared."""
    found = report.model_dump(mode="json")
    for item in found["evidence"]:
        if item["id"].startswith("detector."):
            del item["statement"]
    return found


def _tolerances(first: Report, second: Report) -> dict[str, float]:
    """How far scores may lie apart, in natural log odds, by the member that holds them."""
    pairs = zip(first.findings, second.findings, strict=False)
    apart = [SCORE_TOLERANCE + 2 * max(one.margin, other.margin) for one, other in pairs]
    found = {f"findings[{index}]": value for index, value in enumerate(apart)}
    widest = max(apart, default=0.0)
    asked = {f"questions[{index}]": widest for index in range(len(first.questions))}
    return {**found, **asked, "classifiers": widest}


def _differences(
    before: Any,  # noqa: ANN401 (JSON)
    after: Any,  # noqa: ANN401
    where: str,
    without: frozenset[str],
    tolerances: Mapping[str, float],
) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:  # what a later version adds to reports is no change of the file
            inner = f"{where}.{name}" if where else name
            if _INDEX.sub("[]", inner) not in without:
                yield from _differences(
                    before.get(name), after.get(name), inner, without, tolerances
                )
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            pair = [side[index] if index < len(side) else None for side in (before, after)]
            yield from _differences(pair[0], pair[1], f"{where}[{index}]", without, tolerances)
    elif not _alike(before, after, where, tolerances):
        yield Change(where, before, after)


def _alike(before: object, after: object, where: str, tolerances: Mapping[str, float]) -> bool:
    if not (isinstance(before, float) and isinstance(after, float)):
        return before == after
    inside, _, name = where.rpartition(".")
    natural = tolerances.get(where.partition(".")[0], 0.0)
    nearest = natural if name == "raw" or inside.endswith("facts") else natural * _LOG10_E
    nearest = 0.0 if name in _SMALL else max(nearest, TOLERANCE)
    return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=nearest)
