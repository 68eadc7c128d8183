"""What the command line's exit status means; scripts may rely on it."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """The answer about all inputs together. The first that applies wins, FOUND before all."""

    NOTHING_FOUND = 0
    FOUND = 1
    USAGE = 2
    NOT_ANALYSED = 3
    INCONCLUSIVE = 4
    INTERNAL = 70  # a bug; never confused with FOUND
    INTERRUPTED = 130


MEANING: Final = {
    ExitCode.NOTHING_FOUND: "nothing found (this does not prove that a file is genuine)",
    ExitCode.FOUND: "at least one input is synthetic, manipulated, or has broken credentials",
    ExitCode.USAGE: "the command or its settings are not valid",
    ExitCode.NOT_ANALYSED: "nothing found, but some input could not be analysed or judged",
    ExitCode.INCONCLUSIVE: "nothing found, but some answer is inconclusive",
    ExitCode.INTERNAL: "a bug in assay",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C",
}

FOUND_BY_DEFAULT: Final = frozenset(
    {
        "verified_ai",
        "declared_ai",
        "credentials_broken",
        "likely_synthetic",
        "likely_manipulated",
    }
)


def exit_code(
    answers: Iterable[str], *, failures: bool, fail_on: frozenset[str] = FOUND_BY_DEFAULT
) -> ExitCode:
    """One code for many inputs, by their verdicts and, under a policy, its actions.

    `failures` says that some have no report, `fail_on` what counts as found. A file of which nothing
    could be judged counts as not analysed: silence that was no search clears nothing.
    """
    given = set(answers)
    if given & fail_on:
        return ExitCode.FOUND
    if failures or "not_applicable" in given:
        return ExitCode.NOT_ANALYSED
    return ExitCode.INCONCLUSIVE if "inconclusive" in given else ExitCode.NOTHING_FOUND
