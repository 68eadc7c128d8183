from enum import Enum

import pytest

from detectors.result import LikelihoodRatio
from service import wording
from service.wording import because, in_words, odds, strength, times
from tests.service.reports import scored


@pytest.mark.parametrize(
    ("log10_lr", "words"),
    [
        (0.0, "no support either way for"),
        (0.3, "no support either way for"),
        (0.31, "weak support for"),
        (-0.99, "weak support for"),
        (1.0, "moderate support for"),
        (-2.0, "moderately strong support for"),
        (3.0, "strong support for"),
        (4.0, "very strong support for"),
        (6.0, "extremely strong support for"),
        (-40.0, "extremely strong support for"),
    ],
)
def test_the_verbal_scale_follows_the_size_of_the_ratio(log10_lr: float, words: str) -> None:
    assert strength(log10_lr) == words


def test_a_negative_ratio_supports_the_opposite() -> None:
    assert in_words(1.4, "synthetic speech") == "moderate support for “synthetic speech”"
    assert in_words(-1.4, "synthetic speech") == "moderate support for “not synthetic speech”"
    assert in_words(-0.1, "synthetic speech") == "no support either way for “synthetic speech”"


@pytest.mark.parametrize(
    ("log10_lr", "text"),
    [(0.0, "1"), (0.4, "2.5"), (1.4, "25"), (-1.4, "25"), (2.0, "100"), (3.3, "2,000")],
)
def test_a_ratio_is_a_number_of_times(log10_lr: float, text: str) -> None:
    assert times(log10_lr) == text


def test_odds_name_the_side_the_score_is_on_and_the_interval() -> None:
    lean = LikelihoodRatio(log10=-1.0, low=-1.6, high=-0.4)
    assert odds(lean, "synthetic") == (
        "The score is 10 times more likely if this is not synthetic than otherwise "
        "(95 % interval 2.5 to 40)."
    )


def test_odds_whose_interval_spans_one_say_so() -> None:
    unsure = LikelihoodRatio(log10=0.4, low=-0.1, high=0.9)
    assert "includes no support either way" in odds(unsure, "synthetic")


def test_every_closed_set_has_words_for_every_member() -> None:
    for name, table in vars(wording).items():
        if isinstance(table, dict) and name.isupper():
            members: type[Enum] = type(next(iter(table)))
            assert set(members) <= set(table), name


@pytest.mark.parametrize(
    ("whole", "details", "said"),
    [
        (2.0, 0.5, " Both the picture as a whole and its fine detail speak for it, "),
        (-0.5, -1.0, " Both its fine detail and the picture as a whole speak against it, "),
        (0.5, -3.0, " Its fine detail speaks against it, the picture as a whole less so for it."),
    ],
)
def test_what_made_the_score_is_said(whole: float, details: float, said: str) -> None:
    facts = {"log_odds_of_whole": whole, "log_odds_of_details": details}
    assert because(scored(1.0).model_copy(update={"facts": facts})).startswith(said)


def test_parts_that_come_to_nothing_are_not_spoken_of() -> None:
    facts = {"log_odds_of_whole": 0.4, "log_odds_of_details": 0.2}
    assert because(scored(0.1).model_copy(update={"facts": facts})) == ""
    assert (
        because(scored(1.0).model_copy(update={"facts": {**facts, "log_odds_of_whole": 0.0}})) == ""
    )


def test_nothing_is_said_where_a_detector_does_not_add_up_its_parts() -> None:
    assert because(scored(1.0)) == ""
