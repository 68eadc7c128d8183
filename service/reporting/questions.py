"""What classifiers were asked about a file, question by question, and which ratio heads a report."""

import math
from collections.abc import Iterable
from typing import Final

from detectors.result import Alarm, Claim, Finding, LikelihoodRatio
from service.reporting.report import Question

ORDER: Final = (Claim.GENERATED, Claim.SYNTHETIC_SPEECH, Claim.FACE_SWAP, Claim.LOCAL_EDIT)
"""Which question heads a report while no threshold is passed: what all of a file is, first."""

_STRICTNESS: Final = {Alarm.NONE: 0, Alarm.FPR_5: 1, Alarm.FPR_1: 2}


def questions(findings: Iterable[Finding]) -> tuple[Question, ...]:
    """Each question that a voting classifier answered, in `ORDER`, with a ratio of its own.

    Different questions are never mixed: a genuine voice says nothing about generated pictures. Of
    several classifiers with one question the mean of the ratios is taken, not of their logarithms,
    as with equal prior weight on which of them sees it.
    """
    voting = [item for item in findings if item.votes and item.lr is not None]
    found = []
    for claim in ORDER:
        own = [item for item in voting if item.claim is claim]
        if own:
            found.append(
                Question(
                    claim=claim,
                    lr=_mean([item.lr for item in own if item.lr is not None]),
                    alarm=max((item.alarm for item in own), key=_STRICTNESS.__getitem__),
                    detectors=tuple(item.detector for item in own),
                )
            )
    return tuple(found)


def leading(asked: tuple[Question, ...]) -> Question | None:
    """The question whose ratio heads the report; None when every classifier abstained.

    The one that passes the strictest threshold, of several such the one with the highest ratio;
    while none passes any, the first one.
    """
    strictest = max((_STRICTNESS[item.alarm] for item in asked), default=0)
    if not strictest:
        return asked[0] if asked else None
    passing = (item for item in asked if _STRICTNESS[item.alarm] == strictest)
    return max(passing, key=lambda item: item.lr.log10)


def _mean(ratios: list[LikelihoodRatio]) -> LikelihoodRatio:
    return LikelihoodRatio(
        log10=_mean_of([item.log10 for item in ratios]),
        low=_mean_of([item.low for item in ratios]),
        high=_mean_of([item.high for item in ratios]),
    )


def _mean_of(logs: list[float]) -> float:
    if len(logs) == 1:
        return logs[0]
    return math.log10(sum(10.0**value for value in logs) / len(logs))
