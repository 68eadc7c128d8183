"""What the rules of consistency are given, and how they read it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from provenance.bounded import clean
from provenance.declared import Trace
from provenance.markers.metadata import Carrier, Metadata, Part
from provenance.result import Provenance

ZONES: Final = timedelta(hours=26)
"""Clocks on Earth show times up to 26 hours apart, so less than that proves nothing."""

_EXIF_TIME: Final = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_WORD: Final = re.compile(r"\b(?!(?:firmware|version)\b)[a-z]{4,}\b", re.IGNORECASE)
"""What the name of a program holds and the numbers of a firmware do not."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One file: its metadata, its credentials, and the moment it is judged at."""

    metadata: Metadata
    credentials: Provenance
    moment: datetime

    def parts(self, *names: str) -> list[Part]:
        """Parts of the container with these names, in the order of the file."""
        return [part for part in self.metadata.parts if part.name in names]

    def text(self, *names: str, carrier: Carrier | None = None) -> str:
        """The first text under one of these lower-case names; empty when there is none."""
        for text in self.metadata.own:
            if text.name in names and carrier in (None, text.carrier):
                return text.value
        return ""

    def number(self, name: str) -> float | None:
        """The first of an EXIF value's numbers."""
        numbers = self.numbers(name)
        return numbers[0] if numbers else None

    def numbers(self, name: str) -> tuple[float, ...]:
        value = self.metadata.details.get(name, ())
        return value if isinstance(value, tuple) else ()

    def detail(self, name: str) -> str:
        value = self.metadata.details.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def camera(self) -> str:
        """Make and model that EXIF names; empty unless both are there."""
        make, model = (self.text(name, carrier=Carrier.EXIF) for name in ("make", "model"))
        if not make or not model:
            return ""
        return clean(model if model.lower().startswith(make.lower()) else f"{make} {model}", 80)

    @property
    def taken_at(self) -> str:
        """When EXIF says it was taken, without a zone: "2021-05-03T14:20:00"; empty: it says nothing."""
        try:
            moment = exif_time(self.detail("DateTimeOriginal"))
        except ValueError:
            return ""
        return moment.replace(tzinfo=None).isoformat() if moment is not None else ""

    @property
    def program(self) -> str:
        """The editing program that is named; a camera names its own firmware there instead."""
        named = self.text("software", carrier=Carrier.EXIF)
        if not _WORD.search(named):
            named = self.text("creatortool", carrier=Carrier.XMP)
        return clean(named, 80) if _WORD.search(named) else ""


Rule = Callable[[Facts], Iterator[Trace]]


def exif_time(text: str) -> datetime | None:
    """An EXIF time, which names no zone, as if it were UTC. None when it states no time at all.

    Raises:
        ValueError: it has the form of a time, but no calendar or clock shows it.
    """
    match = _EXIF_TIME.match(text)
    if match is None or match[1] == "0000" or "00" in match.groups()[1:3] or match[4] == "24":
        return None  # zeros stand for what is not known; some cameras write the hour 24
    year, month, day, hour, minute, second = map(int, match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def shown(moment: datetime) -> str:
    """A time in words: "2021-05-03 14:20"."""
    return moment.strftime("%Y-%m-%d %H:%M")
