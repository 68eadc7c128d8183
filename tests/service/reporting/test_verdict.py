"""The verdict's truth table: every signal, every pair, every kind of missing evidence."""

import itertools

import pytest

from detectors.media.notes import Note
from detectors.result import Reason
from service.reporting.report import Evidence, NotChecked, Rank, Signal, Verdict
from service.reporting.verdict import BESIDE, CONFLICTS, HARMLESS, NOT_REQUESTED, TABLE, decide

ALONE = {
    Signal.SIGNED_CAPTURE: Verdict.VERIFIED_CAPTURE,
    Signal.SIGNED_AI: Verdict.VERIFIED_AI,
    Signal.SIGNED_OTHER: Verdict.INCONCLUSIVE,
    Signal.BROKEN: Verdict.CREDENTIALS_BROKEN,
    Signal.UNRELIABLE: Verdict.INCONCLUSIVE,
    Signal.CLAIMED_AI: Verdict.DECLARED_AI,
    Signal.CLAIMED_CAPTURE: Verdict.INCONCLUSIVE,
    Signal.CLAIMED_OTHER: Verdict.INCONCLUSIVE,
    Signal.WATERMARKED_AI: Verdict.DECLARED_AI,
    Signal.MARKED_AI: Verdict.DECLARED_AI,
    Signal.MARKED_CAPTURE: Verdict.INCONCLUSIVE,
    Signal.RECOVERED_AI: Verdict.DECLARED_AI,
    Signal.RECOVERED_CAPTURE: Verdict.INCONCLUSIVE,
    Signal.RECOVERED_OTHER: Verdict.INCONCLUSIVE,
    Signal.ALTERED_COPY: Verdict.INCONCLUSIVE,
    Signal.SYNTHETIC: Verdict.LIKELY_SYNTHETIC,
    Signal.MANIPULATED: Verdict.LIKELY_MANIPULATED,
    Signal.SUSPECT: Verdict.INCONCLUSIVE,
    Signal.UNREMARKABLE: Verdict.NO_SIGN_FOUND,
    Signal.INCONSISTENT: Verdict.NOT_APPLICABLE,
    Signal.DISPUTED: Verdict.NOT_APPLICABLE,
}
MUTE = {Signal.INCONSISTENT, Signal.DISPUTED}
STRONGEST_FIRST = [
    Verdict.CREDENTIALS_BROKEN,
    Verdict.VERIFIED_AI,
    Verdict.VERIFIED_CAPTURE,
    Verdict.DECLARED_AI,
    Verdict.LIKELY_SYNTHETIC,
    Verdict.LIKELY_MANIPULATED,
    Verdict.INCONCLUSIVE,
    Verdict.NO_SIGN_FOUND,
    Verdict.NOT_APPLICABLE,
]
RANKS = {
    Signal.SIGNED_CAPTURE: Rank.TRUSTED_CREDENTIALS,
    Signal.SIGNED_AI: Rank.TRUSTED_CREDENTIALS,
    Signal.SIGNED_OTHER: Rank.TRUSTED_CREDENTIALS,
    Signal.BROKEN: Rank.BROKEN_CREDENTIALS,
    Signal.UNRELIABLE: Rank.UNTRUSTED_CREDENTIALS,
    Signal.CLAIMED_AI: Rank.UNTRUSTED_CREDENTIALS,
    Signal.CLAIMED_CAPTURE: Rank.UNTRUSTED_CREDENTIALS,
    Signal.CLAIMED_OTHER: Rank.UNTRUSTED_CREDENTIALS,
    Signal.WATERMARKED_AI: Rank.WATERMARK,
    Signal.MARKED_AI: Rank.DECLARED_MARKER,
    Signal.MARKED_CAPTURE: Rank.DECLARED_MARKER,
    Signal.INCONSISTENT: Rank.CONSISTENCY,
    Signal.DISPUTED: Rank.SECOND_OPINION,
    Signal.RECOVERED_AI: Rank.RECOVERED_CREDENTIALS,
    Signal.RECOVERED_CAPTURE: Rank.RECOVERED_CREDENTIALS,
    Signal.RECOVERED_OTHER: Rank.RECOVERED_CREDENTIALS,
    Signal.ALTERED_COPY: Rank.RECOVERED_CREDENTIALS,
}


def made(*signals: Signal) -> tuple[Evidence, ...]:
    ranked = sorted(signals, key=lambda signal: RANKS.get(signal, Rank.CLASSIFIER))
    return tuple(
        Evidence(
            id=f"e{index}.{signal}",
            rank=RANKS.get(signal, Rank.CLASSIFIER),
            signal=signal,
            statement="made for the test",
        )
        for index, signal in enumerate(ranked)
    )


def gap(reason: str) -> NotChecked:
    return NotChecked(what="something", reason=reason, statement="made for the test")


def test_the_table_above_covers_every_signal() -> None:
    assert set(ALONE) == set(Signal)


@pytest.mark.parametrize("signal", Signal)
def test_one_signal_alone(signal: Signal) -> None:
    decision = decide(made(signal), ())
    assert decision.verdict is ALONE[signal]


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(Signal, 2)))
def test_of_two_signals_the_stronger_verdict_wins(one: Signal, other: Signal) -> None:
    verdict = decide(made(one, other), ()).verdict
    assert verdict is _stronger(one, other)


def _stronger(one: Signal, other: Signal) -> Verdict:
    """Credentials and markers that decide nothing leave the decision to the other signal."""
    idle = {
        Signal.SIGNED_OTHER,
        Signal.CLAIMED_CAPTURE,
        Signal.CLAIMED_OTHER,
        Signal.MARKED_CAPTURE,
        Signal.RECOVERED_CAPTURE,
        Signal.RECOVERED_OTHER,
    }
    if {one, other} <= MUTE:
        return Verdict.NOT_APPLICABLE
    deciding = [signal for signal in (one, other) if signal not in idle | MUTE]
    verdicts = [ALONE[signal] for signal in deciding] or [Verdict.INCONCLUSIVE]
    return min(verdicts, key=STRONGEST_FIRST.index)


@pytest.mark.parametrize("signals", list(itertools.combinations(Signal, 3)))
def test_the_basis_is_exactly_the_evidence_that_says_the_verdict(
    signals: tuple[Signal, ...],
) -> None:
    decision = decide(made(*signals), ())
    deciding = {s for verdict, group in TABLE if verdict is decision.verdict for s in group}
    expected = tuple(item.id for item in made(*signals) if item.signal in deciding)
    assert decision.basis == expected


@pytest.mark.parametrize("others", [(), *itertools.combinations(Signal, 2)])
@pytest.mark.parametrize("missing", [(), (NOT_REQUESTED,), ("crashed",)])
def test_metadata_that_does_not_fit_changes_no_verdict(
    others: tuple[Signal, ...], missing: tuple[str, ...]
) -> None:
    others = tuple(signal for signal in others if signal not in MUTE)
    gaps = tuple(map(gap, missing))
    assert decide(made(*others, Signal.INCONSISTENT), gaps) == decide(made(*others), gaps)


@pytest.mark.parametrize("signal", sorted(set(Signal) - {Signal.DISPUTED}))
def test_a_second_verifier_changes_no_verdict_and_conflicts_with_credentials(
    signal: Signal,
) -> None:
    alone, both = decide(made(signal), ()), decide(made(signal, Signal.DISPUTED), ())
    assert (both.verdict, both.basis) == (alone.verdict, alone.basis)
    credentials = signal is Signal.BROKEN or RANKS.get(signal, max(Rank)) <= 3
    assert (len(both.conflicts) > len(alone.conflicts)) is credentials


@pytest.mark.parametrize("signal", Signal)
def test_capture_is_never_verified_from_anything_but_trusted_credentials(signal: Signal) -> None:
    verdict = decide(made(signal), ()).verdict
    assert (verdict is Verdict.VERIFIED_CAPTURE) == (signal is Signal.SIGNED_CAPTURE)


def test_nothing_at_all_is_not_applicable() -> None:
    assert decide((), ()).verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("reason", Reason)
def test_silence_means_not_applicable_only_if_the_method_never_applied(reason: Reason) -> None:
    unanswered = {
        Reason.NARROW_BAND,
        Reason.FRAMES_REFUSED,
        Reason.WEIGHTS_UNAVAILABLE,
        Reason.WRONG_ARITHMETIC,
        Reason.UNDECODABLE,
        Reason.INTERNAL_ERROR,
        Reason.NARROW_BAND,
        Reason.FRAMES_REFUSED,
    }
    expected = Verdict.INCONCLUSIVE if reason in unanswered else Verdict.NOT_APPLICABLE
    assert decide((), (gap(reason),)).verdict is expected


@pytest.mark.parametrize("beside", sorted(BESIDE))
def test_where_the_one_picture_looked_at_cannot_be_judged_the_others_leave_it_open(
    beside: str,
) -> None:
    blank = gap(Reason.OUT_OF_DOMAIN)
    assert decide((), (blank,)).verdict is Verdict.NOT_APPLICABLE
    assert decide((), (blank, gap(beside))).verdict is Verdict.INCONCLUSIVE
    assert decide(made(Signal.UNREMARKABLE), (gap(beside),)).verdict is Verdict.NO_SIGN_FOUND


def test_an_animation_that_is_too_small_is_answered_like_a_still_of_its_size() -> None:
    small, others = gap(Reason.TOO_SMALL), gap(Note.ONE_FRAME_ONLY)
    assert decide((), (small,)).verdict is Verdict.NOT_APPLICABLE
    assert decide((), (small, others)).verdict is Verdict.NOT_APPLICABLE
    assert decide((), (small, others, gap("decoder_crashed"))).verdict is Verdict.INCONCLUSIVE
    assert decide((), (gap(Reason.OUT_OF_DOMAIN), others)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("reason", ["media_undecodable", "media_timeout", "decoder_crashed"])
def test_a_file_that_could_not_be_decoded_is_inconclusive_not_clean(reason: str) -> None:
    assert decide((), (gap(reason),)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("reason", ["credentials_unreadable", "provenance_failed", "crashed"])
def test_a_failed_check_turns_silence_into_inconclusive(reason: str) -> None:
    assert decide(made(Signal.UNREMARKABLE), (gap(reason),)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("reason", sorted(HARMLESS))
def test_a_check_that_never_applied_leaves_no_sign_found_alone(reason: str) -> None:
    assert decide(made(Signal.UNREMARKABLE), (gap(reason),)).verdict is Verdict.NO_SIGN_FOUND


@pytest.mark.parametrize("signal", sorted(set(Signal) - MUTE - {Signal.UNREMARKABLE}))
def test_a_failed_check_never_weakens_what_was_found(signal: Signal) -> None:
    assert decide(made(signal), (gap("crashed"),)).verdict is ALONE[signal]


def test_provenance_alone_in_silence_found_no_sign() -> None:
    assert decide((), (gap(NOT_REQUESTED),)).verdict is Verdict.NO_SIGN_FOUND


def test_provenance_alone_that_failed_is_inconclusive() -> None:
    missing = (gap(NOT_REQUESTED), gap("provenance_failed"))
    assert decide((), missing).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(Signal, 2)))
def test_two_signals_conflict_exactly_when_the_rules_say_so(one: Signal, other: Signal) -> None:
    expected = sum(
        (one in left and other in right) or (other in left and one in right)
        for left, right, _ in CONFLICTS
    )
    assert len(decide(made(one, other), ()).conflicts) == expected


@pytest.mark.parametrize("accusation", [Signal.SYNTHETIC, Signal.MANIPULATED])
@pytest.mark.parametrize(
    "capture", [Signal.SIGNED_CAPTURE, Signal.MARKED_CAPTURE, Signal.RECOVERED_CAPTURE]
)
def test_a_capture_that_classifiers_doubt_is_shown_as_a_conflict(
    capture: Signal, accusation: Signal
) -> None:
    decision = decide(made(capture, accusation), ())
    (conflict,) = decision.conflicts
    first, second = conflict.between
    assert first.endswith(capture)
    assert second.endswith(accusation)


def test_silent_classifiers_never_conflict_with_anything() -> None:
    for signal in set(Signal) - {Signal.UNREMARKABLE}:
        assert decide(made(signal, Signal.UNREMARKABLE), ()).conflicts == ()


def test_every_verdict_can_be_reached() -> None:
    reached = {decide(made(signal), ()).verdict for signal in Signal} | {decide((), ()).verdict}
    assert reached == set(Verdict)
