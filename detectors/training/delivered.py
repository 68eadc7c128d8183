"""What a detector makes of an item that arrived in some form, for measurements of whole files."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from detectors.base import Media, Observation
from detectors.bench.scores import Score
from detectors.calibration import likelihood_ratio
from detectors.errors import NotApplicable
from detectors.result import Reason
from detectors.zoo.card import Calibration

_Media = TypeVar("_Media", bound=Media)


def answered(
    item: Score,
    media: _Media | None,
    observe: Callable[[_Media], Observation],
    line: Calibration | None,
) -> Score:
    """`item` with the answer to `media`, or why there is none; media of None could not be decoded.

    `line` turns raw scores into ratios; without one there are none.
    """
    if media is None:
        return replace(item, reason=Reason.UNDECODABLE)
    try:
        seen = observe(media)
    except NotApplicable as error:
        return replace(item, reason=error.reason)
    ratio = None if line is None else likelihood_ratio(seen.raw, line).log10
    return replace(item, raw=seen.raw, allowance=seen.allowance, log10_lr=ratio)
