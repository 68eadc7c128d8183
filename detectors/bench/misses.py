"""What each detector with a vote misses, generator by generator: `python -m detectors.bench.misses`.

Writes docs/misses.md from the committed results. All figures are of generators' items whose sources
were held out, at the threshold that 5 % of real media pass.
"""

from collections.abc import Sequence
from itertools import starmap
from pathlib import Path
from typing import Final

from detectors.bench.metrics import Estimate, Metrics
from detectors.bench.report import committed
from detectors.bench.result import Result
from detectors.bench.shares import share
from detectors.registry import named, votes

PAGE: Final = Path(__file__).parents[2] / "docs/misses.md"
LEAST: Final = 8
"""Items of a generator below which its share says nothing."""

_INTRODUCTION: Final = """# What is missed

Written by `python -m detectors.bench.misses` from `detectors/bench/results`. For each generator with
at least {least} items, of sources that the models had not seen: how many were judged, what share of those is
*missed*, under the threshold that 5 % of real media pass, with the 95 % interval of that many items (Clopper
and Pearson 1934), and the AUC against all real items. A system that is not here was not measured, or on fewer items.
"""


def page(results: Sequence[Result]) -> str:
    """The whole page, in Markdown, of the detectors that vote."""
    voting = [result for result in results if votes(named(result.detector))]
    return "\n".join([_INTRODUCTION.format(least=LEAST), *map(_section, voting)])


def _section(result: Result) -> str:
    generators = result.groups.get("generator", {})
    rows = [
        (name, found, found.judged_synthetic, found.flagged_synthetic)
        for name, found in generators.items()
        if found.synthetic >= LEAST
        and found.judged_synthetic
        and found.flagged_synthetic is not None
    ]
    rows.sort(key=lambda row: (row[3].value, row[0]))
    left = len(generators) - len(rows)
    return "\n".join([
        f"## `{result.detector}`",
        "",
        f"{len(rows)} generators, and {left} with fewer items. Protocol: {result.protocol}. Data: {result.data}.",
        "",
        "| generator | judged | missed | AUC |",
        "| --- | --- | --- | --- |",
        *starmap(_line, rows),
        "",
    ])  # fmt: skip


def _line(name: str, found: Metrics, count: int, flagged: Estimate) -> str:
    missed = share(round((1 - flagged.value) * count), count)
    assert missed is not None  # noqa: S101 (narrows the type)
    auc = "" if found.auc is None else f"{found.auc.value:.3f}"
    return (
        f"| {name} | {count} | {missed.value:.0%}, {missed.low:.0%} to {missed.high:.0%} | {auc} |"
    )


if __name__ == "__main__":
    PAGE.write_text(page(committed()))
