"""Shares of counted things with exact intervals, and how many it takes to say anything."""

import math
from typing import Final

from pydantic import Field
from scipy.special import betaincinv

from detectors.result import Closed

TAIL: Final = 0.025
"""What a 95 % interval leaves out on either side."""


class Share(Closed):
    """`count` of `of`, with the exact 95 % interval of the share behind it."""

    count: int = Field(ge=0)
    of: int = Field(ge=1)
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.count / self.of


def share(count: int, of: int) -> Share | None:
    """A share with its interval (Clopper and Pearson 1934); None of nothing."""
    if not of:
        return None
    low = float(betaincinv(count, of - count + 1, TAIL)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - TAIL)) if count < of else 1.0
    return Share(count=count, of=of, low=low, high=high)


def needed(rate: float) -> int:
    """How many items without a single alarm it takes for the interval to stay below a rate."""
    return math.ceil(math.log(TAIL) / math.log1p(-rate))
