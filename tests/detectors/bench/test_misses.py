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


def test_items_that_were_refused_are_in_no_share() -> None:
    (films,) = [result for result in committed() if result.detector == "video.frames"]
    found = films.groups["generator"]["video-adapter"]
    assert (found.synthetic, found.judged_synthetic) == (8, 7)
    assert "| video-adapter | 7 | 100%, 59% to 100% |" in misses.page([films])


def test_every_committed_result_says_how_many_items_of_a_generator_were_judged() -> None:
    for result in committed():
        for found in result.groups.get("generator", {}).values():
            assert found.judged_bona_fide is not None
            assert found.judged_synthetic is not None
            judged = found.judged_bona_fide + found.judged_synthetic
            assert judged == pytest.approx(found.coverage * (found.bona_fide + found.synthetic))
