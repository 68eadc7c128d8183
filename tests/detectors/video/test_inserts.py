"""The highest stretch of a film is judged as a maximum: more places, more by chance."""

import numpy as np
import pytest

from detectors.training.video_inserts import fitted, joined
from detectors.video.inserts import LEAST, STRETCH, InsertRule, highest

CHANCE = np.random.default_rng(3)
CLIPS = [CHANCE.normal(CHANCE.normal(0, 1), 0.5, 16) for _ in range(80)]


def test_a_stretch_is_found_wherever_it_lies() -> None:
    for start in (0, 11, 24):
        scores = np.zeros(30)
        scores[start : start + STRETCH] = 3.0
        assert highest(scores) == pytest.approx(3.0)


def test_films_too_short_for_a_stretch_and_a_rest_are_not_searched() -> None:
    rule = InsertRule(offset=0.0, growth=0.5)
    assert rule.score(np.ones(LEAST - 1)) is None
    assert rule.score(np.ones(LEAST)) == pytest.approx(1.0)


def test_real_films_of_any_length_pass_the_point_in_one_of_twenty() -> None:
    rule = fitted(CLIPS, point=2.0)
    fresh = np.random.default_rng(11)
    for length in (16, 32, 64):
        scores = [rule.score(joined(CLIPS, length, fresh)) for _ in range(600)]
        passed = np.mean([score is not None and score > 2.0 for score in scores])
        assert 0.02 < passed < 0.09, length


def test_without_taking_off_the_growth_long_films_would_pass_more_often() -> None:
    rule = fitted(CLIPS, point=2.0)
    assert rule.growth > 0.1
    plain = InsertRule(rule.offset, 0.0)
    fresh = np.random.default_rng(11)
    long = [plain.score(joined(CLIPS, 64, fresh)) for _ in range(600)]
    assert np.mean([score is not None and score > 2.0 for score in long]) > 0.09
