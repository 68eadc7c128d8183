"""The stretch of a film that stands out is judged as a maximum: more places, more by chance."""

import numpy as np
import pytest

from detectors.training.video_inserts import film, fitted, share_found
from detectors.video.inserts import LEAST, STRETCH, InsertRule, stands_out

CHANCE = np.random.default_rng(3)
REAL = {
    f"source {number}": [CHANCE.normal(CHANCE.normal(look, 0.7), 0.4, 16) for _ in range(10)]
    for number, look in enumerate((-2.0, -1.0, 0.0, 0.5))
}
MADE = [CHANCE.normal(CHANCE.normal(2.5, 0.7), 0.4, 16) for _ in range(30)]


def test_a_stretch_is_found_wherever_it_lies() -> None:
    found = []
    for start in (0, 11, 24):
        scores = np.zeros(30)
        scores[start : start + STRETCH] = 3.0
        found.append(stands_out(scores))
    assert found == pytest.approx([6.0] * 3)  # 3 above a film that hardly moves


def test_the_same_stretch_stands_out_less_from_a_film_that_is_cut_together() -> None:
    still, restless = np.zeros(40), np.tile(np.repeat([-1.0, 1.0], 5), 4)
    still[10:16] = restless[10:16] = 3.0
    assert stands_out(restless) < stands_out(still) / 2


def test_films_too_short_for_a_stretch_and_a_rest_are_not_searched() -> None:
    rule = InsertRule(offset=0.0, growth=0.5)
    assert rule.score(np.zeros(LEAST - 1)) is None
    assert rule.score(np.zeros(LEAST)) == pytest.approx(0.0)


def test_real_films_of_any_length_pass_the_point_in_one_of_twenty() -> None:
    rule = fitted(REAL, point=2.0)
    fresh = np.random.default_rng(11)
    for length in (24, 40, 64):
        scores = [rule.score(film(REAL, length, fresh)) for _ in range(600)]
        passed = np.mean([score is not None and score > 2.0 for score in scores])
        assert 0.02 < passed < 0.09, length


def test_without_taking_off_the_growth_long_films_would_pass_more_often() -> None:
    rule = fitted(REAL, point=2.0)
    assert rule.growth > 0.05
    fresh = np.random.default_rng(11)
    films = [film(REAL, 64, fresh) for _ in range(600)]

    def passed(by: InsertRule) -> float:
        return float(np.mean([(by.score(one) or 0.0) > 2.0 for one in films]))

    assert passed(InsertRule(rule.offset, 0.0)) > passed(rule)


def test_ten_seconds_in_a_minute_of_one_look_are_found_and_nothing_is_where_nothing_is() -> None:
    rule = fitted(REAL, point=2.0)
    one, many = share_found(REAL, MADE, rule, 2.0, 10)
    assert one > 0.5
    assert one > many
    assert max(share_found(REAL, MADE, rule, 2.0, 0)) < 0.1
