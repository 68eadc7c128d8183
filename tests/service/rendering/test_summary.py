import pytest

from detectors.result import Alarm, Finding
from provenance.result import Integrity, Origin, SignerTrust
from provenance.statuses import StatusClass
from service.rendering.summary import NEXT, NOTHING_FOUND, SIDES, SURE, UNSETTLED, Side, summary
from service.rendering.view import view
from service.reporting.report import Rank, Signal, Verdict
from tests.service import reports
from tests.service.reports import scored


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_says_in_short_how_sure_it_is_and_what_to_do_next(verdict: Verdict) -> None:
    short = view(reports.BY_VERDICT[verdict]()).short
    assert short.next == NEXT[verdict]
    assert all((short.how, short.sure, short.unchecked))


def test_every_kind_of_evidence_has_words_for_how_sure_it_is() -> None:
    assert set(SURE) == set(Rank)


def test_every_signal_speaks_for_something_or_for_neither() -> None:
    assert set(SIDES) == set(Signal)
    assert SIDES[Signal.UNREMARKABLE] is Side.NEITHER
    assert "Do not read this as genuine" in view(reports.no_sign_found()).short.next


@pytest.mark.parametrize(
    ("finding", "sentence", "speaks"),
    [
        (scored(-1.5), "moderate evidence against", "speaks against AI or a change"),
        (scored(-0.1), "no evidence for or against", "speaks for neither"),
        (scored(0.6), "weak evidence for", "speaks for AI or a change, and passes no threshold"),
        (scored(0.7, Alarm.FPR_5), "weak evidence for", "speaks for AI or a change"),
        (scored(-0.7, Alarm.FPR_5), "weak evidence against", "speaks for and against AI"),
        (scored(2.5, Alarm.FPR_1), "strong evidence for", "speaks for AI or a change"),
    ],
)
def test_what_evidence_speaks_for_agrees_with_its_own_sentence(
    finding: Finding, sentence: str, speaks: str
) -> None:
    (item,) = view(reports.report(findings=(finding,))).evidence
    assert sentence in item.statement
    assert item.speaks.startswith(speaks)


def test_odds_stand_in_plain_numbers_where_classifiers_decided() -> None:
    assert "times as likely if this is" in summary(reports.likely_synthetic(), ()).sure


def test_what_was_not_checked_is_counted_and_named() -> None:
    short = summary(reports.no_sign_found(), ("Sound", "Faces", "A", "B", "C"))
    assert short.unchecked.startswith("5 things: Sound; Faces; A; B; and more.")


def test_evidence_that_settles_nothing_is_not_called_nothing() -> None:
    unsettled = reports.BY_VERDICT[Verdict.INCONCLUSIVE]().model_copy(update={"basis": ()})
    assert unsettled.evidence
    assert summary(unsettled, ()).how == UNSETTLED
    assert summary(unsettled.model_copy(update={"evidence": ()}), ()).how == NOTHING_FOUND


def test_notes_on_how_a_file_was_read_are_never_called_nothing() -> None:
    short = summary(reports.no_sign_found(), ())
    assert short.unchecked.startswith("Every check made for this kind of file ran. The list below")
    assert summary(reports.recording(), ()).unchecked.startswith("Nothing: every check")


def test_a_trusted_signer_of_flawed_credentials_is_not_called_untrusted() -> None:
    found = reports.credentials(ancestor=Integrity.NOT_COVERED).model_copy(
        update={"fault": StatusClass.BROKEN_BEFORE}
    )
    seen = view(reports.report(provenance=found))
    assert seen.short.how == "Content Credentials that fail a check."
    assert "whoever signed them" in seen.short.sure
    assert seen.panel is not None
    notes = [(fact.label, fact.note) for fact in seen.panel.facts]
    assert ("Origin", "declared in this version, unconfirmed") in notes
    said = " ".join((seen.short.sure, *(note for _, note in notes)))
    assert "not trusted" not in said
    assert "no list vouches" not in said


def test_a_trusted_signer_over_an_origin_of_a_stranger_is_not_called_untrusted() -> None:
    found = reports.credentials(origin=Origin.AI_GENERATED).model_copy(
        update={"origin_signer_trust": SignerTrust.UNTRUSTED, "origin_depth": 1}
    )
    short = view(reports.report(provenance=found)).short
    assert short.how == "Content Credentials, origin not vouched for."
    assert short.sure.startswith("The file's signer is on a trust list")
    alone = reports.credentials(origin=Origin.AI_GENERATED, trust=SignerTrust.UNTRUSTED)
    stranger = view(reports.report(provenance=alone))
    assert stranger.short.sure.startswith("The signature fits the file, but no list vouches")
