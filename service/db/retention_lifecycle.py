"""For how long each part of a scan is kept, by a tenant's own word or the installation's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from service.durations import duration_in, written

FOREVER: Final = "forever"
LEAST_REPORT: Final = timedelta(hours=1)
"""A report that goes sooner is read by nobody."""


class Part(StrEnum):
    """What is kept of a scan, each for a time of its own."""

    BYTES = "bytes"
    PREVIEWS = "previews"
    REPORTS = "reports"
    INDEX_ENTRIES = "index_entries"


Keep = timedelta | None
"""Counted from the arrival of the file. Nothing: until the scan ends; None: until it is deleted."""

AT_THE_END: Final = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRetention:
    """What a tenant says itself; a part it does not name is kept as everywhere else.

    With `zero` the bytes are sealed while the scan waits and runs and go with its end, and neither
    preview nor index entry is made.
    """

    parts: Mapping[Part, Keep] = field(default_factory=dict)
    zero: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is in force for a tenant."""

    parts: Mapping[Part, Keep]
    zero: bool = False

    def of(self, part: Part) -> Keep:
        """How long this part is kept."""
        if self.zero and part is not Part.REPORTS:
            return AT_THE_END
        return self.parts[part]

    def over(self, own: OwnRetention) -> "Retention":
        """These where a tenant says nothing else."""
        return Retention(parts={**self.parts, **own.parts}, zero=own.zero)


def same_for_all(keep: Keep) -> Retention:
    """Every part for the same time."""
    return Retention(parts=dict.fromkeys(Part, keep))


def keep_in(untrusted: str, part: Part) -> Keep:
    """`30d`, `12h`, `45m` or `forever`. Raises `ValueError` with what is wrong with it."""
    try:
        keep = kept_for(untrusted)
    except ValueError as error:
        raise ValueError(f"{part}: {error}, or {FOREVER}") from error
    if part is Part.REPORTS and keep is not None and keep < LEAST_REPORT:
        span = written(LEAST_REPORT)
        raise ValueError(f"{part}: the least is {span}, or nobody could read them")
    return keep


def kept_for(words: str) -> Keep:
    """What `in_words` wrote, whatever part it is about."""
    return None if words == FOREVER else duration_in(words)


def in_words(keep: Keep) -> str:
    """As `keep_in` reads it."""
    return FOREVER if keep is None else written(keep)


def listed(parts: Mapping[Part, Keep], *, zero: bool) -> tuple[str, ...]:
    """A line for each part, for people."""
    kept = tuple(f"{part}={in_words(parts[part])}" for part in Part if part in parts)
    return ("zero retention", *kept) if zero else kept
