"""The right answer to every input that once failed, as a check of its report."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from detectors.result import Outcome
from provenance.declared import Says
from provenance.result import Origin, Presence
from service.reporting.report import Report, Verdict

ACCUSING: Final = frozenset(
    {Verdict.LIKELY_SYNTHETIC, Verdict.LIKELY_MANIPULATED, Verdict.CREDENTIALS_BROKEN}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What assay said of one file: a report, or why there is none."""

    report: Report | None
    refusal: str = ""

    @property
    def words(self) -> str:
        """Everything that tells a reader what was not looked at, changed or left out."""
        if self.report is None:
            return self.refusal
        found = self.report.provenance
        return "\n".join(
            (
                *self.report.subject.notes,
                *(item.statement for item in self.report.not_checked),
                *(found.warnings if found is not None else ()),
            )
        )

    @property
    def judged(self) -> frozenset[str]:
        """The detectors that gave a score."""
        findings = self.report.findings if self.report is not None else ()
        return frozenset(item.detector for item in findings if item.outcome is Outcome.SCORED)

    def score(self, detector: str) -> tuple[float, float, float] | None:
        """The log10 likelihood ratio of one detector: itself, and its interval."""
        for item in self.report.findings if self.report is not None else ():
            if item.detector == detector and item.lr is not None:
                return item.lr.log10, item.lr.low, item.lr.high
        return None


Answers = Mapping[str, Answer]
Check = Callable[[Answer, Answers], bool]


def both(*checks: Check) -> Check:
    return lambda answer, answers: all(check(answer, answers) for check in checks)


def either(*checks: Check) -> Check:
    return lambda answer, answers: any(check(answer, answers) for check in checks)


def verdict(*wanted: Verdict) -> Check:
    return lambda answer, _: answer.report is not None and answer.report.verdict in wanted


def never(*unwanted: Verdict) -> Check:
    return lambda answer, _: answer.report is not None and answer.report.verdict not in unwanted


def told(pattern: str) -> Check:
    """The reader is told, in notes, gaps, warnings or the refusal."""
    return lambda answer, _: re.search(pattern, answer.words, re.IGNORECASE) is not None


def untold(pattern: str) -> Check:
    return lambda answer, _: re.search(pattern, answer.words, re.IGNORECASE) is None


def judged(detector: str) -> Check:
    return lambda answer, _: detector in answer.judged


def refused(pattern: str) -> Check:
    """There is no report, for this reason."""
    return lambda answer, _: answer.report is None and bool(re.search(pattern, answer.refusal))


def typed(media_type: str) -> Check:
    return lambda answer, _: (
        answer.report is not None and answer.report.subject.media_type == media_type
    )


def marked(name: str) -> Check:
    def check(answer: Answer, _: Answers) -> bool:
        found = answer.report.provenance if answer.report is not None else None
        return found is not None and any(item.name == name for item in found.markers)

    return check


def says(*said: Says) -> Check:
    def check(answer: Answer, _: Answers) -> bool:
        found = answer.report.provenance if answer.report is not None else None
        return found is not None and any(item.says in said for item in found.markers)

    return check


def origin(*wanted: Origin) -> Check:
    def check(answer: Answer, _: Answers) -> bool:
        found = answer.report.provenance if answer.report is not None else None
        return found is not None and found.origin in wanted

    return check


def presence(*wanted: Presence) -> Check:
    def check(answer: Answer, _: Answers) -> bool:
        found = answer.report.provenance if answer.report is not None else None
        return found is not None and found.presence in wanted

    return check


def agent(name: str) -> Check:
    """A signed action names this program."""

    def check(answer: Answer, _: Answers) -> bool:
        found = answer.report.provenance if answer.report is not None else None
        actions = [action for item in found.manifests for action in item.actions] if found else []
        return any(name in action.agent for action in actions)

    return check


def conflicting(answer: Answer, _: Answers) -> bool:
    return answer.report is not None and bool(answer.report.conflicts)


def lasting(seconds: float, within: float = 0.1) -> Check:
    def check(answer: Answer, _: Answers) -> bool:
        found = answer.report.subject.seconds if answer.report is not None else None
        return found is not None and abs(found - seconds) <= within

    return check


def sized(width: int, height: int) -> Check:
    return lambda answer, _: (
        answer.report is not None
        and (answer.report.subject.width, answer.report.subject.height) == (width, height)
    )


def like(reference: str, detector: str, within: float) -> Check:
    """The same log10 likelihood ratio as another file's, within so much."""

    def check(answer: Answer, answers: Answers) -> bool:
        one, other = answer.score(detector), answers[reference].score(detector)
        return one is not None and other is not None and abs(one[0] - other[0]) <= within

    return check


def overlapping(reference: str, detector: str) -> Check:
    """The interval of the ratio overlaps that of another file."""

    def check(answer: Answer, answers: Answers) -> bool:
        one, other = answer.score(detector), answers[reference].score(detector)
        return one is not None and other is not None and one[1] <= other[2] and other[1] <= one[2]

    return check


def handled_like(reference: str) -> Check:
    """The same traces of what the pixels went through as another file's."""

    def check(answer: Answer, answers: Answers) -> bool:
        other = answers[reference].report
        return (
            answer.report is not None
            and other is not None
            and bool(other.subject.handling)
            and answer.report.subject.handling == other.subject.handling
        )

    return check
