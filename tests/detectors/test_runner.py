"""What a detector saw becomes a finding."""

import pytest

from detectors import runner
from detectors.base import Span
from detectors.zoo.card import Calibration

LINE = Calibration(pairs=((0.5, -0.25),), lowest=-2.0, highest=2.0)


@pytest.mark.parametrize(
    ("raw", "allowance", "ratio"), [(2.0, 0.0, 0.75), (2.0, 1.0, 0.25), (None, 1.0, None)]
)
def test_a_part_in_a_condition_that_scores_higher_leans_by_that_much_less(
    raw: float | None, allowance: float, ratio: float | None
) -> None:
    found = runner._segment(Span(start=1.0, end=3.4, raw=raw, label="speech"), LINE, allowance)
    assert (found.start, found.end, found.log10_lr, found.label) == (1.0, 3.4, ratio, "speech")
