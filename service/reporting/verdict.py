"""Signals in, verdict out: a pure function whose whole table is tested."""

from dataclasses import dataclass
from typing import Final

from detectors.media.notes import Note
from detectors.result import Outcome, Reason
from service.reporting.evidence import FAILED_WITHOUT_VOTE
from service.reporting.report import Conflict, Evidence, NotChecked, Report, Signal, Verdict
from service.reporting.trust_gaps import INTERIM_LIST_ABSENT, TRUST_LIST_OLD
from service.reporting.unasked import NOT_ASKED

NOT_REQUESTED: Final = "not_requested"
"""Reason code of a check the caller left out on purpose."""

NO_CLASSIFIER: Final = "no_classifier"
"""Reason code of classifiers for a kind of file that none is made for."""

LEFT_OUT: Final = "left_out_by_profile"
"""Reason code of what the fast profile does not look for, beside what it judges."""

BESIDE: Final = frozenset({Note.FIRST_FRAME_ONLY, Note.FILM_NOT_READ})
"""Parts that nobody looked at, beside a picture: of no weight where that was judged."""

# Reasons that are an answer ("this method does not apply"); every other one leaves a question open.
HARMLESS: Final = frozenset(
    {
        NOT_REQUESTED,
        NO_CLASSIFIER,
        LEFT_OUT,
        NOT_ASKED,
        FAILED_WITHOUT_VOTE,
        "no_trust_list",
        INTERIM_LIST_ABSENT,
        TRUST_LIST_OLD,
        "unsupported_container",
        "remote_manifest",
        "offline",
        "no_second_opinion",
        "no_audio_watermark",
        *BESIDE,
        *(
            reason
            for reason in Reason
            if reason
            not in {
                Reason.WEIGHTS_UNAVAILABLE,
                Reason.WRONG_ARITHMETIC,
                Reason.UNDECODABLE,
                Reason.INTERNAL_ERROR,
                Reason.FRAMES_REFUSED,  # much of the film was looked at in vain
                Reason.NARROW_BAND,  # there is speech, and nobody can say anything about it
            }
        ),
    }
)


def settled(report: Report) -> bool:
    """Whether every check of a report ran or did not apply, so that running it again is no use."""
    return all(gap.reason in HARMLESS for gap in report.not_checked) and all(
        finding.outcome is not Outcome.FAILED for finding in report.findings
    )


# The first row with a signal that is present decides. UNRELIABLE, SUSPECT and ALTERED_COPY never
# accuse: they ask for a person. A recovered capture decides nothing, since nothing ties its
# signature to this file; a recovered AI original declares AI as unsigned metadata would.
TABLE: Final[tuple[tuple[Verdict, frozenset[Signal]], ...]] = (
    (Verdict.CREDENTIALS_BROKEN, frozenset({Signal.BROKEN})),
    (Verdict.VERIFIED_AI, frozenset({Signal.SIGNED_AI})),
    (Verdict.VERIFIED_CAPTURE, frozenset({Signal.SIGNED_CAPTURE})),
    (
        Verdict.DECLARED_AI,
        frozenset(
            {Signal.CLAIMED_AI, Signal.WATERMARKED_AI, Signal.MARKED_AI, Signal.RECOVERED_AI}
        ),
    ),
    (Verdict.LIKELY_SYNTHETIC, frozenset({Signal.SYNTHETIC})),
    (Verdict.LIKELY_MANIPULATED, frozenset({Signal.MANIPULATED})),
    (Verdict.INCONCLUSIVE, frozenset({Signal.UNRELIABLE, Signal.SUSPECT, Signal.ALTERED_COPY})),
    (Verdict.NO_SIGN_FOUND, frozenset({Signal.UNREMARKABLE})),
)

_SILENT = frozenset({Signal.INCONSISTENT, Signal.DISPUTED})
_AI = frozenset({Signal.SIGNED_AI, Signal.CLAIMED_AI, Signal.WATERMARKED_AI, Signal.MARKED_AI})
_ACCUSES = frozenset({Signal.SYNTHETIC, Signal.MANIPULATED})
_CAPTURE = frozenset({Signal.SIGNED_CAPTURE, Signal.CLAIMED_CAPTURE, Signal.MARKED_CAPTURE})

_RECOVERED_CAPTURE = frozenset({Signal.RECOVERED_CAPTURE})
_RECOVERED_AI = frozenset({Signal.RECOVERED_AI})

# Pairs that cannot both be the whole story. Declared AI beside unremarkable classifiers is not
# one: classifiers miss, and silence contradicts nothing.
CONFLICTS: Final[tuple[tuple[frozenset[Signal], frozenset[Signal], str], ...]] = (
    (
        _RECOVERED_CAPTURE,
        _ACCUSES,
        "The original that this is a copy of was captured, says a trusted signer; classifiers "
        "disagree.",
    ),
    (
        _RECOVERED_CAPTURE | _CAPTURE,
        _RECOVERED_AI,
        "One original or part of the file declares a capture, another original declares AI.",
    ),
    (
        _RECOVERED_CAPTURE,
        _AI,
        "The original that this is a copy of was captured, says a trusted signer; the file itself "
        "declares AI.",
    ),
    (
        frozenset({Signal.ALTERED_COPY}),
        _CAPTURE,
        "The file speaks of a capture, but it differs from the signed original that it is a copy "
        "of.",
    ),
    (_CAPTURE, _ACCUSES, "The credentials or metadata speak of a capture; classifiers disagree."),
    (_CAPTURE, _AI, "One part of the file declares a capture, another declares AI."),
    (
        frozenset({Signal.BROKEN}),
        _CAPTURE | _AI,
        "The credentials fail their check, so what else the file declares may be left over from "
        "before it was changed.",
    ),
    (
        frozenset(
            {
                Signal.BROKEN,
                Signal.UNRELIABLE,
                Signal.SIGNED_AI,
                Signal.SIGNED_CAPTURE,
                Signal.SIGNED_OTHER,
                Signal.CLAIMED_AI,
                Signal.CLAIMED_CAPTURE,
                Signal.CLAIMED_OTHER,
            }
        ),
        frozenset({Signal.DISPUTED}),
        "Two independent verifiers disagree on whether the credentials are intact.",
    ),
    (
        frozenset({Signal.SIGNED_OTHER}),
        _ACCUSES | _RECOVERED_AI | (_AI - {Signal.SIGNED_AI}),
        "The trusted credentials do not mention AI; other evidence does.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict with what decided it and what speaks against it."""

    verdict: Verdict
    basis: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


def decide(evidence: tuple[Evidence, ...], not_checked: tuple[NotChecked, ...]) -> Decision:
    """Decide from ranked evidence; what was not checked separates silence from no answer.

    Metadata that contradicts itself is shown and decides nothing, not even that silence is broken.

    With no deciding signal the answer is INCONCLUSIVE when something that should have run did
    not or nothing was judged of a file that holds more, NO_SIGN_FOUND when the checks that were asked for ran in silence and the classifiers were
    left out on purpose, and NOT_APPLICABLE when there is no evidence and every missing check is
    one that never applied.
    """
    for verdict, signals in TABLE:
        basis = tuple(item.id for item in evidence if item.signal in signals)
        if basis:
            return Decision(
                verdict=_downgraded(verdict, not_checked),
                basis=basis,
                conflicts=conflicts(evidence),
            )
    verdict = _silent(evidence, not_checked)
    return Decision(verdict=verdict, basis=(), conflicts=conflicts(evidence))


def conflicts(evidence: tuple[Evidence, ...]) -> tuple[Conflict, ...]:
    """Every pair of pieces of evidence that contradict each other, the stronger rank first."""
    found: list[Conflict] = []
    for left, right, statement in CONFLICTS:
        for one in (item for item in evidence if item.signal in left):
            for other in (item for item in evidence if item.signal in right):
                first, second = sorted((one, other), key=lambda item: item.rank)
                found.append(Conflict(between=(first.id, second.id), statement=statement))
    return tuple(found)


def _silent(evidence: tuple[Evidence, ...], not_checked: tuple[NotChecked, ...]) -> Verdict:
    if broke(_answerable(not_checked)):
        return Verdict.INCONCLUSIVE
    if any(item.reason in (NOT_REQUESTED, NO_CLASSIFIER) for item in not_checked):
        return Verdict.NO_SIGN_FOUND
    speaks = any(item.signal not in _SILENT for item in evidence)
    is_open = speaks or any(item.reason in BESIDE for item in not_checked)
    return Verdict.INCONCLUSIVE if is_open else Verdict.NOT_APPLICABLE


def _answerable(not_checked: tuple[NotChecked, ...]) -> tuple[NotChecked, ...]:
    """Without the other frames of an animation that is too small: they are as small as the first."""
    small = any(item.reason == Reason.TOO_SMALL for item in not_checked)
    return tuple(item for item in not_checked if not (small and item.reason == Note.ONE_FRAME_ONLY))


def broke(not_checked: tuple[NotChecked, ...]) -> bool:
    """Whether something that should have run did not."""
    return any(item.reason not in HARMLESS for item in not_checked)


def _downgraded(verdict: Verdict, not_checked: tuple[NotChecked, ...]) -> Verdict:
    """A crashed check can never clear a file: silence beside a failure is inconclusive."""
    if verdict is Verdict.NO_SIGN_FOUND and broke(not_checked):
        return Verdict.INCONCLUSIVE
    return verdict
