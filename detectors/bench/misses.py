"""What each detector with a vote misses, generator by generator: `python -m detectors.bench.misses`.

Writes docs/misses.md from the committed results. All figures are of generators' items whose sources
were held out, at the threshold that 5 % of real media pass.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from detectors.bench.metrics import Metrics
from detectors.bench.report import committed
from detectors.bench.result import Result
from detectors.registry import card_of, named

PAGE: Final = Path(__file__).parents[2] / "docs/misses.md"
LEAST: Final = 10
"""Items of a generator below which its share says nothing."""

_INTRODUCTION: Final = """# What is missed

Written by `python -m detectors.bench.misses` from `detectors/bench/results`. For each generator with
at least {least} items, of sources that the models had not seen: how many there are, how many of them were
judged, what share of those is *missed*, under the threshold that 5 % of real media pass, with its 95 %
interval, and the AUC against all real items. A system that is not here was not measured.
"""


def page(results: Sequence[Result]) -> str:
    """The whole page, in Markdown, of the detectors whose cards have thresholds."""
    voting = [
        result for result in results if card_of(named(result.detector)).operating_points is not None
    ]
    return "\n".join([_INTRODUCTION.format(least=LEAST), *map(_section, voting)])


def _section(result: Result) -> str:
    rows = [
        (name, found)
        for name, found in result.groups.get("generator", {}).items()
        if found.synthetic >= LEAST and found.flagged_synthetic is not None
    ]
    rows.sort(key=lambda row: (-_missed(row[1]), row[0]))
    left = len(result.groups.get("generator", {})) - len(rows)
    return "\n".join([
        f"## `{result.detector}`",
        "",
        f"{len(rows)} generators; {left} more have too few items. Protocol: {result.protocol}; {result.data}.",
        "",
        "| generator | items | judged | missed | AUC |",
        "| --- | --- | --- | --- | --- |",
        *_lines(rows),
        "",
    ])  # fmt: skip


def _lines(rows: Sequence[tuple[str, Metrics]]) -> Iterator[str]:
    for name, found in rows:
        flagged = found.flagged_synthetic
        assert flagged is not None  # noqa: S101 (narrows the type)
        auc = "" if found.auc is None else f"{found.auc.value:.3f}"
        judged = f"{found.coverage_synthetic:.0%}"
        interval = f"{1 - flagged.high:.0%} to {1 - flagged.low:.0%}"
        yield f"| {name} | {found.synthetic} | {judged} | {_missed(found):.0%}, {interval} | {auc} |"


def _missed(found: Metrics) -> float:
    return 1 - found.flagged_synthetic.value if found.flagged_synthetic is not None else 0.0


if __name__ == "__main__":
    PAGE.write_text(page(committed()))
