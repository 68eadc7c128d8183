"""Verdicts in colour on a terminal: all that a command needs which prints no whole report."""

from typing import Final

from rich.console import Console
from rich.text import Text

from service.reporting.report import Verdict
from service.reporting.wording import VERDICTS

COLOURS: Final = {
    Verdict.VERIFIED_CAPTURE: "green",
    Verdict.VERIFIED_AI: "magenta",
    Verdict.DECLARED_AI: "magenta",
    Verdict.CREDENTIALS_BROKEN: "red",
    Verdict.LIKELY_SYNTHETIC: "red",
    Verdict.LIKELY_MANIPULATED: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NO_SIGN_FOUND: "cyan",
    Verdict.NOT_APPLICABLE: "bright_black",
}


def console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False)


def verdict_text(verdict: Verdict) -> Text:
    return Text(VERDICTS[verdict], style=f"bold {COLOURS[verdict]}")
