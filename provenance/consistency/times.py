"""Times in EXIF against one another, the calendar, the camera's age, satellites and credentials."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from provenance.consistency.catalogue import trace
from provenance.consistency.facts import ZONES, Facts, exif_time, shown
from provenance.declared import Trace
from provenance.markers.metadata import Carrier
from provenance.result import Integrity, Manifest, Origin

_NAMES: Final = {
    "DateTimeOriginal": "that it was taken",
    "DateTimeDigitized": "that it was digitised",
    "DateTime": "that it was last saved",
}
_STALE: Final = timedelta(hours=48)
"""A receiver may keep a position for hours; with the zones that makes less than two days."""

_LONGEST_STEP: Final = 5.0
"""Hours between the time of a country and that of its sun: at most four, in the west of China."""

_TESTERS: Final = timedelta(days=60)
"""Pictures of a camera appear this long before it is sold."""

_SOLD_FROM: Final = tuple(
    (re.compile(rf"\b{name}\b", re.IGNORECASE), datetime(year, month, 1, tzinfo=UTC))
    for name, year, month in (
        ("iPhone 4", 2010, 6), ("iPhone 4S", 2011, 10), ("iPhone 5", 2012, 9),
        ("iPhone 5[cs]", 2013, 9), ("iPhone 6", 2014, 9), ("iPhone 6s", 2015, 9),
        ("iPhone 7", 2016, 9), ("iPhone 8", 2017, 9), ("iPhone X", 2017, 11),
        ("iPhone X[SR]", 2018, 9), ("iPhone 11", 2019, 9), ("iPhone 12", 2020, 10),
        ("iPhone 13", 2021, 9), ("iPhone 14", 2022, 9), ("iPhone 15", 2023, 9),
        ("iPhone 16", 2024, 9), ("Pixel(?: XL)?$", 2016, 10), ("Pixel 2", 2017, 10), ("Pixel 3", 2018, 10),
        ("Pixel 4", 2019, 10), ("Pixel 5", 2020, 9), ("Pixel 6", 2021, 10), ("Pixel 7", 2022, 10),
        ("Pixel 8", 2023, 10), ("Pixel 9", 2024, 8),
    )
)  # fmt: skip


def find(facts: Facts) -> Iterator[Trace]:
    """Yield what no order of events, no calendar or no clock explains."""
    known: dict[str, datetime] = {}
    for name, meaning in _NAMES.items():
        text = facts.detail(name)
        try:
            moment = exif_time(text)
        except ValueError:
            yield trace("time.invalid", f"EXIF says {meaning} at {text}, which is not a date.")
            continue
        if moment is not None:
            known[name] = moment
    for name, moment in known.items():
        if moment - facts.moment > ZONES:
            yield trace(
                "time.future",
                f"EXIF says {_NAMES[name]} on {shown(moment)}, which is in the future.",
            )
    yield from _order(known)
    taken = known.get("DateTimeOriginal")
    if taken is not None:
        yield from _age(facts, taken)
        yield from _satellites(facts, taken)
        yield from _other_place(facts, taken)
        yield from _credentials(facts, taken)
    yield from _zone(facts)


def _order(known: dict[str, datetime]) -> Iterator[Trace]:
    taken = known.get("DateTimeOriginal")
    for name, code in (
        ("DateTime", "time.modified_before_taken"),
        ("DateTimeDigitized", "time.digitised_before_taken"),
    ):
        other = known.get(name)
        if taken and other and taken - other > ZONES:
            yield trace(
                code,
                f"EXIF says {_NAMES[name]} on {shown(other)}, before it was taken, on "
                f"{shown(taken)}.",
            )


def _age(facts: Facts, taken: datetime) -> Iterator[Trace]:
    sold = [first for pattern, first in _SOLD_FROM if pattern.search(facts.camera)]
    if sold and max(sold) - taken > _TESTERS:
        yield trace(
            "time.before_camera",
            f"EXIF says that it was taken on {shown(taken)} by {facts.camera}, which went on sale in "
            f"{max(sold):%B %Y}.",
        )


def _satellites(facts: Facts, taken: datetime) -> Iterator[Trace]:
    date, clock = facts.detail("GPSDateStamp"), facts.numbers("GPSTimeStamp")
    if len(clock) != 3 or not all(0 <= part < 61 for part in clock):
        return
    try:
        fixed = exif_time(f"{date} {clock[0]:02.0f}:{clock[1]:02.0f}:{int(clock[2]):02}")
    except ValueError:
        return
    if fixed and abs(fixed - taken) > _STALE:
        yield trace(
            "time.satellites",
            f"EXIF says that it was taken on {shown(taken)}, but its GPS time is {shown(fixed)}.",
        )


def _other_place(facts: Facts, taken: datetime) -> Iterator[Trace]:
    text = next(
        (
            text.value
            for text in facts.metadata.texts
            if text.carrier is Carrier.XMP and text.key.endswith("exif:DateTimeOriginal")
        ),
        "",
    )
    try:
        other = exif_time(text[:10].replace("-", ":") + text[10:])
    except ValueError:
        return
    if other and abs(other - taken) > ZONES:
        yield trace(
            "time.two_dates",
            f"EXIF says that it was taken on {shown(taken)}, XMP on {shown(other)}.",
        )


def _zone(facts: Facts) -> Iterator[Trace]:
    """The zone that is stated against the one the sun has at the stated longitude."""
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", facts.detail("OffsetTimeOriginal"))
    degrees = facts.numbers("GPSLongitude")
    if match is None or not degrees or facts.detail("GPSLongitudeRef") not in ("E", "W"):
        return
    stated = (int(match[2]) + int(match[3]) / 60) * (1 if match[1] == "+" else -1)
    sun = degrees[0] / 15 * (1 if facts.detail("GPSLongitudeRef") == "E" else -1)
    apart = abs((stated - sun + 12) % 24 - 12)
    if apart > _LONGEST_STEP:
        yield trace(
            "time.zone",
            f"EXIF states the time zone {match[0]}, {apart:.0f} hours from that of its position.",
        )


def _credentials(facts: Facts, taken: datetime) -> Iterator[Trace]:
    """Signed times bound when an intact file can have been taken; broken ones bind nothing."""
    found = facts.credentials
    if found.integrity is not Integrity.INTACT or not found.manifests:
        return
    signed = found.timestamp.at
    if signed is not None and taken - signed > ZONES:
        yield trace(
            "time.taken_after_signing",
            f"EXIF says that it was taken on {shown(taken)}, after it was signed, on {shown(signed)}.",
        )
    captured = _captured(found.manifests[0])
    if captured is not None and abs(captured - taken) > ZONES:
        yield trace(
            "time.signed_capture",
            f"EXIF says that it was taken on {shown(taken)}, the credentials say captured on "
            f"{shown(captured)}.",
        )


def _captured(active: Manifest) -> datetime | None:
    """When the active manifest says that a device captured this."""
    for action in active.actions:
        if action.name == "c2pa.created" and action.origin is Origin.CAPTURED:
            try:
                moment = datetime.fromisoformat(action.at)
            except ValueError:
                continue
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
