"""Intervals over sources say how much the choice of sources matters."""

import numpy as np
import pytest

from detectors.bench.scores import Score
from detectors.bench.sources import LEAST, over_sources, share_over_sources


def score(source: int, raw: float | None, *, made: bool, allowance: float = 0.0) -> Score:
    label = "ai_generated" if made else "real"
    return Score(path="a", label=label, raw=raw, source=str(source), allowance=allowance)


def pages(shift: float, *, count: int = LEAST) -> list[Score]:
    """Pages whose looks differ by far more than real and made films of one page do, by `shift`."""
    rng = np.random.default_rng(3)
    looks = rng.normal(0, 10, count)
    return [
        score(number, float(look + shift * made + 0.1 * rng.normal()), made=made)
        for number, look in enumerate(looks)
        for made in (False, True) * 3
    ]


def test_pairs_of_one_source_are_told_apart_where_looks_hide_it() -> None:
    found = over_sources(pages(1.0))
    assert found is not None
    assert found.within is not None
    assert found.within.value == 1.0
    assert found.auc.high < 0.75
    assert found.auc.low < found.auc.high


def test_few_sources_or_one_class_fix_no_interval() -> None:
    assert over_sources(pages(1.0, count=LEAST - 1)) is None
    assert over_sources([one for one in pages(1.0) if one.synthetic]) is None


def test_shares_over_the_points_count_judged_items_less_what_they_are_allowed() -> None:
    real = [score(n, 2.0, made=False, allowance=1.5 if n else 0.0) for n in range(LEAST)]
    made = [score(n, 3.0, made=True) for n in range(LEAST)]
    refused = [score(n, None, made=False) for n in range(LEAST)]
    found = over_sources([*real, *made, *refused], suspects=1.0, accuses=2.5)
    assert found is not None
    assert found.suspected_bona_fide is not None
    assert found.suspected_bona_fide.value == pytest.approx(1 / LEAST)
    assert found.suspected_bona_fide.high > 1 / LEAST
    assert found.accused_bona_fide is not None
    assert found.accused_bona_fide.value == 0
    assert found.accused_synthetic is not None
    assert found.accused_synthetic.value == 1


def test_a_film_nothing_was_made_of_is_in_no_pair_of_its_source() -> None:
    found = over_sources([one for one in pages(1.0) if not (one.synthetic and one.source == "0")])
    assert found is not None
    assert found.sources == LEAST
    assert found.within is None


def test_items_that_a_delivery_turns_around_are_counted_in_both_directions() -> None:
    def film(number: int, raw: float | None) -> Score:
        made = number % 2 == 1
        label = "ai_generated" if made else "real"
        return Score(path=str(number), label=label, raw=raw, source=str(number % LEAST))

    before = [3.0] * 4 + [0.0] * 36
    after = [3.0, 1.5, 0.5, None] + [3.0] + [1.5] * 5 + [0.0] * 30
    found = over_sources(
        [film(n, raw) for n, raw in enumerate(after)],
        suspects=1.0,
        accuses=2.0,
        published=[film(n, raw) for n, raw in enumerate(before)],
    )
    assert found is not None
    assert found.changed is not None
    assert found.flipped is not None
    assert found.changed.value == pytest.approx(3 / 39, abs=1e-4)  # 1, 2 and 4; 3 was not judged
    assert found.flipped.value == pytest.approx(2 / 39, abs=1e-4)  # 2 and 4
    assert found.flipped.high > found.flipped.value


def test_a_share_is_as_unsure_as_its_sources_differ_and_never_surer_than_so_many_items() -> None:
    sources = [str(number // 10) for number in range(200)]
    one_page = share_over_sources([source == "3" for source in sources], sources)
    spread = share_over_sources([number % 20 == 0 for number in range(200)], sources)
    none = share_over_sources([False] * 200, sources)
    assert one_page is not None
    assert spread is not None
    assert none is not None
    assert one_page.value == spread.value == 0.05
    assert one_page.high > spread.high + 0.05
    assert (none.low, round(none.high, 4)) == (0.0, 0.0183)
    assert share_over_sources([], []) is None
