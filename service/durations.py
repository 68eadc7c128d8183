"""Spans of time as people write them: `30d`, `12h`, `45m`."""

import re
from datetime import timedelta
from typing import Final

SHAPE: Final = "a number with m, h or d behind it, such as 90d"
LONGEST: Final = timedelta(days=36_500)

_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_WRITTEN: Final = re.compile(r"([0-9]{1,8})([mhd])")


def duration_in(untrusted: str) -> timedelta:
    """Raises `ValueError` with what is to be written instead."""
    found = _WRITTEN.fullmatch(untrusted)
    if found is None:
        raise ValueError(f"give {SHAPE}")
    duration = int(found[1]) * _UNITS[found[2]]
    if duration > LONGEST:
        span = written(LONGEST)
        raise ValueError(f"the longest is {span}")
    return duration


def written(duration: timedelta) -> str:
    """A duration of whole minutes as `duration_in` reads it."""
    for unit in reversed(_UNITS):
        if not duration % _UNITS[unit]:
            return f"{duration // _UNITS[unit]}{unit}"
    raise ValueError(f"{duration} has seconds")
