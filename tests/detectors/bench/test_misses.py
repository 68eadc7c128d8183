"""The page of what is missed says what the committed results say."""

import pytest

from detectors.bench import misses
from detectors.bench.report import committed


def test_the_page_is_that_of_the_committed_results() -> None:
    assert misses.PAGE.read_text() == misses.page(committed())


def test_the_most_missed_generators_of_each_detector_with_a_vote_come_first() -> None:
    text = misses.page(committed())
    voting, silent = ("image.clip", "audio.ensemble"), ("image.edits", "audio.encoder")
    assert all(f"## `{name}`" in text for name in voting)
    assert not any(f"## `{name}`" in text for name in silent)
    section = text.partition("## `image.clip`")[2].partition("## ")[0]
    shares = [int(line.split("|")[3].split("%")[0]) for line in section.splitlines()[6:-1]]
    assert len(shares) >= 10
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("items", "flagged", "judged"),
    [(8, 0.8571, 7), (37, 0.7222, 36), (34, 0.75, 32), (12, 0.0, 12)],
)
def test_items_that_were_refused_are_in_no_share(items: int, flagged: float, judged: int) -> None:
    assert misses.judged(items, flagged) == judged
