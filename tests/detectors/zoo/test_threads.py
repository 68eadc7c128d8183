"""What one file's threads do together does not depend on their number."""

from collections.abc import Iterator
from threading import Barrier, Event, get_ident

import numpy as np
import pytest

from detectors.errors import NotApplicable
from detectors.registry import card_of, named
from detectors.result import Reason
from detectors.zoo.backbones import ClipEncoder, summaries
from detectors.zoo.threads import Ahead, side_by_side, threads, use_threads
from detectors.zoo.weights import verified


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = threads()
    yield
    use_threads(before)


def test_items_are_computed_at_once_and_come_back_in_order() -> None:
    use_threads(2)
    together = Barrier(2, timeout=30)

    def doubled(number: int) -> int:
        together.wait()  # would never end if one came after the other
        return 2 * number

    assert side_by_side(doubled, range(4)) == [0, 2, 4, 6]


def test_a_thread_that_is_one_of_several_starts_no_more() -> None:
    use_threads(2)

    def inner(_: int) -> int:
        return get_ident()

    def outer(_: int) -> tuple[int, list[int]]:
        return get_ident(), side_by_side(inner, range(3))

    assert all({mine} == set(found) for mine, found in side_by_side(outer, range(2)))


def test_work_that_is_begun_ahead_takes_no_more_threads_and_ends_when_nobody_wants_it() -> None:
    use_threads(2)
    ahead, going, going_on = Ahead(), Event(), Event()

    def inner(_: int) -> int:
        going.set()
        going_on.wait(30)
        return get_ident()

    found = [ahead.begin(lambda: set(side_by_side(inner, range(3)))) for _ in range(4)]
    assert going.wait(30)
    ahead.close()
    going_on.set()
    begun = [future.result(30) for future in found if not future.cancelled()]
    assert [len(idents) for idents in begun] == [1] * len(begun)
    assert len(begun) <= 2


def test_the_first_failure_in_order_is_raised() -> None:
    use_threads(2)

    def refuses(number: int) -> int:
        if number:
            raise NotApplicable(Reason.TOO_SMALL, f"refused {number}")
        return number

    with pytest.raises(NotApplicable, match="refused 1"):
        side_by_side(refuses, range(3))


def test_views_encoded_side_by_side_are_those_encoded_alone() -> None:
    encoder = ClipEncoder(lambda: verified(card_of(named("image.clip"))))
    views = list(np.random.default_rng(5).integers(0, 256, (4, 224, 224, 3), dtype=np.uint8))
    use_threads(1)
    alone = summaries(encoder, views)
    use_threads(2)
    np.testing.assert_array_equal(summaries(encoder, views), alone)
