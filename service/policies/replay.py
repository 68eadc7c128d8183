"""What a draft would decide otherwise about reports that exist: counts and a few examples."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from pydantic import Field

from detectors.result import Closed
from service.policies.decide import decide
from service.policies.document import Policy
from service.reporting.decision import PolicyAction
from service.reporting.report import Report

EXAMPLES: Final = 20
"""Reports that are shown, at most."""


class Move(Closed):
    """How many reports go from one action to another, or stay."""

    before: PolicyAction | None  # None: no policy decided about them
    after: PolicyAction
    reports: int = Field(ge=1)


class Example(Closed):
    """A report about which the draft decides otherwise."""

    report: str  # the id of its scan, or where it was read from
    name: str  # of the file
    sha256: str
    before: PolicyAction | None
    after: PolicyAction
    because: tuple[str, ...]  # of the draft


class Replay(Closed):
    """The outcome of a draft on reports that exist; it changed none of them."""

    policy: str
    version: int
    digest: str
    reports: int = Field(ge=0)  # that were looked at
    unreadable: int = Field(ge=0)  # that this version cannot read, and left out
    changed: int = Field(ge=0)
    moves: tuple[Move, ...]
    examples: tuple[Example, ...]


def replayed(draft: Policy, reports: Iterable[tuple[str, Report | None]]) -> Replay:
    """Decide anew about each report, which comes with its name; None is one that cannot be read.

    What it keeps does not grow with their number.
    """
    counts: Counter[tuple[PolicyAction | None, PolicyAction]] = Counter()
    examples: list[Example] = []
    unreadable = 0
    for name, report in reports:
        if report is None:
            unreadable += 1
            continue
        before = report.decision.action if report.decision is not None else None
        found = decide(report, draft)
        counts[before, found.action] += 1
        if found.action is not before and len(examples) < EXAMPLES:
            examples.append(
                Example(
                    report=name,
                    name=report.subject.name,
                    sha256=report.subject.sha256,
                    before=before,
                    after=found.action,
                    because=found.because,
                )
            )
    return Replay(
        policy=draft.name,
        version=draft.version,
        digest=draft.digest,
        reports=counts.total(),
        unreadable=unreadable,
        changed=sum(count for (before, after), count in counts.items() if after is not before),
        moves=tuple(
            Move(before=before, after=after, reports=count)
            for (before, after), count in sorted(counts.items(), key=_order)
        ),
        examples=tuple(examples),
    )


def _order(
    item: tuple[tuple[PolicyAction | None, PolicyAction], int],
) -> tuple[int, int]:
    (before, after), _ = item
    return (-1 if before is None else before.severity, after.severity)
