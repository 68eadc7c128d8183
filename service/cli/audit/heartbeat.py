"""How far an audit is: a bar on a terminal, a line now and then where there is none."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from service.cli.complain import say
from service.language.spoken import _

LINE_SECONDS: Final = 10.0
"""Between two lines in a log."""


class Pulse(Protocol):
    def __call__(self, done: int, total: int, rate: float) -> None: ...


@contextmanager
def pulse(*, quiet: bool) -> Iterator[Pulse]:
    """What to call whenever some files are done."""
    if quiet:
        yield lambda done, total, rate: None
    elif sys.stderr.isatty():
        with _bar() as shown:
            yield shown
    else:
        yield Lines(time.monotonic)


class Lines:
    """A line on standard error every `LINE_SECONDS`, so that a log neither floods nor falls silent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()

    def __call__(self, done: int, total: int, rate: float) -> None:
        now = self._clock()
        if now - self._last < LINE_SECONDS:
            return
        self._last = now
        said = _("{done} of {total} files, {rate} files/s", **_figures(done, total, rate))
        if rate > 0:
            said += ", " + _("{seconds} s left", seconds=f"{(total - done) / rate:,.0f}")
        say(said)


def _figures(done: int, total: int, rate: float) -> dict[str, str]:
    return {"done": f"{done:,}", "total": f"{total:,}", "rate": f"{rate:,.1f}"}


@contextmanager
def _bar() -> Iterator[Pulse]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from service.cli.colours import console

    rate_column = TextColumn("{task.fields[rate]}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), rate_column, Remaining())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("", rate="")
        yield lambda done, total, rate: progress.update(
            task, completed=done, total=total, rate=f"{rate:,.1f} files/s"
        )
