"""What a file states of itself, one row for each fact and one column for each place that states it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from provenance.bounded import clean
from provenance.declared import Position, Stated, StatedIn, Topic
from provenance.positions import apart
from provenance.result import Integrity
from provenance.stated import signed_in
from service.language.figures import as_written
from service.language.spoken import Words, _, n_
from service.reporting.report import Report

ZONES: Final = timedelta(hours=26)
"""Clocks on Earth show times up to 26 hours apart."""

SAME_TIME: Final = timedelta(minutes=2)
"""A device takes a while to write a file, and some write whole minutes."""

NEAR: Final = 1.0
"""Kilometres within which two positions agree: satellites, and rounding to a hundredth of a degree."""

DOTS: Final = 5
_DECODED: Final = "decoded"
_LONGEST: Final = 120  # characters of a value; the report has more of it
_EACH: Final = 3  # statements of one cell

TOPICS: Final = Words(
    {
        Topic.TAKEN: "Taken or recorded",
        Topic.CREATED: "File first made",
        Topic.CHANGED: "Last changed",
        Topic.SIGNED: "Signed",
        Topic.DEVICE: "Device",
        Topic.SOFTWARE: "Software",
        Topic.PLACE: "Position",
        Topic.NAMED_PLACE: "Place in words",
        Topic.AUTHOR: "Author",
        Topic.RIGHTS: "Rights",
        Topic.TITLE: "Title",
        Topic.DESCRIPTION: "Description",
        Topic.SIZE: "Width and height",
    }
)
PLACES: Final = Words(
    {
        StatedIn.EXIF: "EXIF",
        StatedIn.XMP: "XMP",
        StatedIn.IPTC: "IPTC",
        StatedIn.CONTAINER: "Container",
        StatedIn.CREDENTIALS: "Content Credentials",
    }
)
_TIMES: Final = frozenset({Topic.TAKEN, Topic.CREATED, Topic.CHANGED, Topic.SIGNED})


@dataclass(frozen=True, slots=True)
class Cell:
    """What one place states of one fact, and under which names."""

    place: str
    values: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Row:
    """One fact; a cell without values where a place says nothing of it."""

    label: str
    cells: tuple[Cell, ...]
    agreement: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Dot:
    """A stated position: as a point of the sketch, in words, and by whom."""

    x: float  # degrees east of the date line, 0 to 360
    y: float  # degrees south of the pole, 0 to 180
    words: str
    by: str


@dataclass(frozen=True, slots=True)
class Table:
    """Columns are those places that state anything; `unreliable`: the credentials fail their check."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    dots: tuple[Dot, ...]
    taken: tuple[str, ...]  # when, in words, by each place that states it
    unreliable: bool


def side_by_side(report: Report) -> Table | None:
    """The table, or None where the file states nothing of itself."""
    found = report.provenance
    if found is None:
        return None
    said = (*found.stated, *signed_in(found))
    if not said:
        return None
    known = (*said, *_own_size(report))
    columns = [by for by in StatedIn if any(it.by is by for it in known)]
    signed = any(it.by is StatedIn.CREDENTIALS for it in said)
    return Table(
        columns=tuple(PLACES[by] for by in columns),
        rows=tuple(_rows(known, columns)),
        dots=_dots(said),
        taken=tuple(
            _("{time}, by {where}", time=_shown(it), where=PLACES[it.by])
            for it in _first_of_each(said, Topic.TAKEN)
        ),
        unreliable=signed and found.integrity is not Integrity.INTACT,
    )


def in_words(stated: Stated) -> str:
    """A statement as the language of the context writes it."""
    return _shown(stated)


def _own_size(report: Report) -> Iterator[Stated]:
    """The size that the pixels have, to be held against what is stated of it."""
    width, height = report.subject.width, report.subject.height
    if width and height:
        value = f"{width} x {height}"
        yield Stated(topic=Topic.SIZE, by=StatedIn.CONTAINER, where=_DECODED, value=value)


def _rows(said: Sequence[Stated], columns: Sequence[StatedIn]) -> Iterator[Row]:
    for topic in Topic:
        about = [it for it in said if it.topic is topic]
        outside = any(it.where != _DECODED for it in about)
        if about and outside:
            agreement, differs = _agreement(topic, about)
            cells = tuple(_cell([it for it in about if it.by is by], by) for by in columns)
            yield Row(TOPICS[topic], cells, agreement, differs)


def _cell(said: Sequence[Stated], by: StatedIn) -> Cell:
    values = tuple(dict.fromkeys(map(_shown, said)))
    more = len(values) - _EACH
    shown = values[:_EACH]
    if more > 0:
        shown = (*shown, n_("and {count} more", "and {count} more", more))
    names = dict.fromkeys(it.where for it in said[:_EACH] if it.where != _DECODED)
    return Cell(PLACES[by], shown, "; ".join(names))


def _agreement(topic: Topic, about: Sequence[Stated]) -> tuple[str, bool]:
    """What to say of a row, and whether it disagrees."""
    groups = [[it for it in about if it.by is by] for by in StatedIn]
    groups = [group for group in groups if group]
    if len(groups) == 1:
        return _("stated in one place"), False
    answers = [_compared(topic, one, other) for one, other in combinations(groups, 2)]
    if False in answers:
        return _disagreement(topic, about), True
    if None in answers:
        return _("may agree: not every one states a time zone"), False
    return _("agree"), False


def _disagreement(topic: Topic, about: Sequence[Stated]) -> str:
    if topic is not Topic.PLACE:
        return _("do not agree")
    points = [it.position for it in about if it.position is not None]
    far = max(apart(one, other) for one, other in combinations(points, 2))
    return _("do not agree: up to {distance} km apart", distance=f"{far:,.0f}")


def _compared(topic: Topic, ours: Sequence[Stated], theirs: Sequence[Stated]) -> bool | None:
    """Whether some statement of the one place is that of the other; None: it cannot be told."""
    answers = [_same(topic, one, other) for one in ours for other in theirs]
    return True if True in answers else None if None in answers else False


def _same(topic: Topic, one: Stated, other: Stated) -> bool | None:
    if one.position is not None and other.position is not None:
        return apart(one.position, other.position) <= NEAR
    if topic in _TIMES:
        return _same_time(one.value, other.value)
    if topic is Topic.SIZE:
        return sorted(one.value.split(" x ")) == sorted(other.value.split(" x "))
    first, second = (" ".join(it.value.casefold().rstrip("…").split()) for it in (one, other))
    if topic in (Topic.DEVICE, Topic.SOFTWARE) and (first in second or second in first):
        return True
    cut = any(it.value.endswith("…") for it in (one, other))
    return first == second or (cut and (first.startswith(second) or second.startswith(first)))


def _same_time(one: str, other: str) -> bool | None:
    first, second = _moment(one), _moment(other)
    if first is None or second is None:
        return one == other
    if min(len(one), len(other)) == len("2021-05-03"):
        return first.date() == second.date()
    if (first.tzinfo is None) is (second.tzinfo is None):
        return abs(first - second) <= SAME_TIME
    distance = abs(first.replace(tzinfo=None) - second.replace(tzinfo=None))
    return None if distance <= ZONES else False


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _shown(stated: Stated) -> str:
    if stated.position is not None:
        return position_in_words(stated.position)
    if stated.topic is Topic.SIZE:
        size = stated.value.replace(" x ", " × ")  # noqa: RUF001 (a real times sign)
        return f"{size} ({_('as decoded')})" if stated.where == _DECODED else size
    moment = _moment(stated.value) if stated.topic in _TIMES else None
    if moment is None:
        return clean(stated.value, _LONGEST)
    if len(stated.value) == len("2021-05-03"):
        return as_written(f"{moment:%Y-%m-%d}")
    written = as_written(f"{moment:%Y-%m-%d %H:%M:%S}")
    if moment.tzinfo is None:
        return _("{time}, no time zone stated", time=written)
    return f"{written} {moment.tzname()}"


def position_in_words(position: Position) -> str:
    """ "48.8577° north, 2.2950° east"."""
    latitude, longitude = abs(position.latitude), abs(position.longitude)
    north = _("{degrees}° north", degrees=f"{latitude:.4f}")
    south = _("{degrees}° south", degrees=f"{latitude:.4f}")
    east = _("{degrees}° east", degrees=f"{longitude:.4f}")
    west = _("{degrees}° west", degrees=f"{longitude:.4f}")
    first = north if position.latitude >= 0 else south
    return f"{first}, {east if position.longitude >= 0 else west}"


def _dots(said: Sequence[Stated]) -> tuple[Dot, ...]:
    """A dot for those that lie together."""
    groups: list[tuple[Position, dict[str, None]]] = []
    for it in said:
        if it.position is None:
            continue
        near = (by for spot, by in groups if apart(spot, it.position) <= NEAR)
        found = next(near, None)
        if found is None:
            found = {}
            groups.append((it.position, found))
        found[PLACES[it.by]] = None
    return tuple(
        Dot(
            x=round(spot.longitude + 180, 2),
            y=round(90 - spot.latitude, 2),
            words=position_in_words(spot),
            by=", ".join(by),
        )
        for spot, by in groups[:DOTS]
    )


def _first_of_each(said: Sequence[Stated], topic: Topic) -> tuple[Stated, ...]:
    found: dict[StatedIn, Stated] = {}
    for it in said:
        if it.topic is topic:
            found.setdefault(it.by, it)
    return tuple(found.values())
