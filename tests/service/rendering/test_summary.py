import pytest

from service.rendering.summary import NEXT, NOTHING_FOUND, SIDES, SURE, UNSETTLED, Side, summary
from service.rendering.view import view
from service.reporting.report import Rank, Signal, Verdict
from tests.service import reports


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_says_in_short_how_sure_it_is_and_what_to_do_next(verdict: Verdict) -> None:
    short = view(reports.BY_VERDICT[verdict]()).short
    assert short.next == NEXT[verdict]
    assert all((short.how, short.sure, short.unchecked))


def test_every_kind_of_evidence_has_words_for_how_sure_it_is() -> None:
    assert set(SURE) == set(Rank)


def test_a_classifier_that_finds_no_sign_speaks_for_neither() -> None:
    assert set(SIDES) == set(Signal)
    assert SIDES[Signal.UNREMARKABLE] is Side.NEITHER
    found = view(reports.no_sign_found())
    assert {item.speaks for item in found.evidence} == {"speaks for neither"}
    assert "Do not read this as genuine" in found.short.next


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
