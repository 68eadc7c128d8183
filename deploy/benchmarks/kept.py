"""What a benchmark found: printed, judged, and kept in the repository with the command that found it."""

import argparse
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

RESULTS: Final = Path(__file__).with_name("results")
WRITE: Final = "--write"


class Figure(BaseModel, frozen=True):
    """One quantity: alone, or beside what an older build or another program needed."""

    what: str
    value: float
    unit: str
    target: float | None = None  # of the value; of the ratio where there is something beside
    at_least: bool = False  # else: at most
    beside: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.beside is None else self.value / self.beside

    @property
    def met(self) -> bool:
        if self.target is None:
            return True
        judged = self.value if self.ratio is None else self.ratio
        return judged >= self.target if self.at_least else judged <= self.target

    @property
    def sought(self) -> str:
        """The target in words, or nothing."""
        if self.target is None:
            return ""
        unit = f"{self.target:g} {self.unit}" if self.beside is None else f"{self.target:g} times"
        return f"{'≥' if self.at_least else '≤'} {unit}"

    def number(self, value: float) -> str:
        """A value of this quantity as a person reads it."""
        close = self.unit in ("s", "CPU s", "ms") or value < 10
        return f"{value:,.2f} {self.unit}" if close else f"{value:,.0f} {self.unit}"


class Run(BaseModel, frozen=True):
    """Everything one benchmark measured, and where; `beside` names the other column."""

    command: str
    measured_at: datetime
    processor: str
    cores: int
    beside: str = ""
    figures: tuple[Figure, ...]


def options(description: str | None) -> argparse.ArgumentParser:
    """What every benchmark can be told; `description` is its docstring, of which a line is shown."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument(WRITE, action="store_true", help="keep the result in the repository")
    return parser


def place_of(name: str) -> Path:
    """Where the result of a benchmark is kept."""
    return RESULTS / f"{name}.json"


def read(name: str) -> Run:
    """The result that is in the repository."""
    return Run.model_validate_json(place_of(name).read_text())


def finish(name: str, figures: Iterable[Figure], *, write: bool, beside: str = "") -> int:
    """Print the figures and, if told to, keep them; 1 where a target is missed."""
    given = [Path(it).name if it.startswith("/") else it for it in sys.argv[1:] if it != WRITE]
    found = Run(
        command=" ".join([f"python -m deploy.benchmarks.{name}", *given]),
        measured_at=datetime.now(UTC).replace(microsecond=0),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        beside=beside,
        figures=tuple(figures),
    )
    Console().print(_table(found))
    if write:
        place_of(name).write_text(found.model_dump_json(indent=2, exclude_defaults=True) + "\n")
    return 0 if all(figure.met for figure in found.figures) else 1


def _table(found: Run) -> Table:
    if found.beside:
        table = Table("what", found.beside, "measured", "ratio", "target", "", box=None)
    else:
        table = Table("what", "measured", "target", "", box=None)
    for figure in found.figures:
        cells = [figure.what]
        if found.beside:
            cells.append("" if figure.beside is None else figure.number(figure.beside))
        cells.append(figure.number(figure.value))
        if found.beside:
            cells.append("" if figure.ratio is None else f"{figure.ratio:.2f}")
        verdict = "" if figure.target is None else "met" if figure.met else "[red]missed[/]"
        table.add_row(*cells, figure.sought, verdict)
    return table


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
