"""Lists of scans: which ones are wanted in which order, and the statement that finds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from detectors.base import Kind
from service.db.desk_tables import NoteRow
from service.db.engine import Database
from service.db.lifecycle import Page, State, first_id
from service.db.models import LabelRow, ScanRow
from service.db.reading import scan_of
from service.db.review_tables import ReviewRow
from service.db.reviews import latest_of
from service.reporting.decision import PolicyAction
from service.reporting.report import Verdict

WORDS: Final = 8
"""Words of a search that count."""

_DIGEST: Final = 8
"""Digits from which on a word may be the beginning of a SHA-256: fewer are in most of them."""


class Order(StrEnum):
    """What comes first in a list."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    LARGEST = "largest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which scans a list is to hold; what is None does not matter."""

    state: State | None = None
    verdict: Verdict | None = None
    kind: Kind | None = None
    action: PolicyAction | None = None
    signer: str | None = None
    reference: str | None = None
    label: tuple[str, str] | None = None
    sha256: str | None = None
    created_from: datetime | None = None  # this moment included
    created_before: datetime | None = None
    text: str | None = None  # each of its words is somewhere in the scan, in any case
    sender: str | None = None
    assignee: str | None = None
    reviewed: bool | None = None
    order: Order = Order.NEWEST


_KEYS: Final[MappingProxyType[Order, InstrumentedAttribute[Any]]] = MappingProxyType(
    {Order.NAME: ScanRow.name, Order.LARGEST: ScanRow.size}
)
"""What comes before the id, where scans are not in the order of their arrival."""

_DOWN: Final = frozenset({Order.NEWEST, Order.LARGEST})


class ListRows:
    """Pages of the scans of a tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, tenant: str, *, limit: int, after: str | None, wanted: Wanted) -> Page | None:
        """At most `limit` scans behind the one called `after`; None where that one is gone."""
        has = partial(_has, tenant, sqlite=self._database.engine.dialect.name == "sqlite")
        words = (wanted.text or "").lower().split()[:WORDS]
        conditions = (*_conditions(tenant, wanted), *map(has, words))
        query = select(ScanRow).where(ScanRow.tenant == tenant, *conditions)
        with self._database.read() as session:
            if after is not None:
                place = _place(session, tenant, after, wanted.order)
                if place is None:
                    return None
                query = query.where(_behind(place, wanted.order))
            rows = session.scalars(_ordered(query, wanted.order).limit(limit + 1)).all()
            reviews = latest_of(session, [row.id for row in rows])
        items = tuple(scan_of(row, reviews.get(row.id)) for row in rows[:limit])
        return Page(items, items[-1].id if len(rows) > limit else None)

    def ahead(self, tenant: str, scan_id: str) -> int | None:
        """How many scans of a queue have their turn before this one; None once it does not wait."""
        with self._database.read() as session:
            row = session.get(ScanRow, scan_id)
            if row is None or row.tenant != tenant or row.state is not State.QUEUED:
                return None
            sooner = tuple_(ScanRow.turn_at, ScanRow.id) < tuple_(row.turn_at, row.id)
            waiting = (ScanRow.state == State.QUEUED, ScanRow.queue == row.queue, sooner)
            return session.scalar(select(func.count()).where(*waiting))


def _place(session: Session, tenant: str, scan_id: str, order: Order) -> tuple[Any, ...] | None:
    """What a scan is in its place by; for its arrival that is its id, there or not."""
    key = _KEYS.get(order)
    if key is None:
        return (scan_id,)
    query = select(key, ScanRow.id).where(ScanRow.id == scan_id, ScanRow.tenant == tenant)
    row = session.execute(query).one_or_none()
    return tuple(row) if row is not None else None


def _behind(place: tuple[Any, ...], order: Order) -> ColumnElement[bool]:
    key = _KEYS.get(order)
    own, other = (
        (ScanRow.id, place[0]) if key is None else (tuple_(key, ScanRow.id), tuple_(*place))
    )
    return own < other if order in _DOWN else own > other


def _ordered(query: Select[ScanRow], order: Order) -> Select[ScanRow]:
    key = _KEYS.get(order)
    columns = (ScanRow.id,) if key is None else (key, ScanRow.id)
    return query.order_by(*(it.desc() if order in _DOWN else it.asc() for it in columns))


def _conditions(tenant: str, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    equal: tuple[tuple[InstrumentedAttribute[Any], object], ...] = (
        (ScanRow.state, wanted.state),
        (ScanRow.verdict, wanted.verdict),
        (ScanRow.kind, wanted.kind),
        (ScanRow.action, wanted.action),
        (ScanRow.signer, wanted.signer),
        (ScanRow.reference, wanted.reference),
        (ScanRow.sha256, wanted.sha256),
        (ScanRow.sender, wanted.sender),
        (ScanRow.assignee, wanted.assignee),
    )
    yield from (column == value for column, value in equal if value is not None)
    if wanted.label is not None:
        name, text = wanted.label
        yield exists().where(
            LabelRow.tenant == tenant,
            LabelRow.name == name,
            LabelRow.value == text,
            LabelRow.scan_id == ScanRow.id,
        )
    # Ids begin with the millisecond of acceptance, so that their index finds a span of time.
    if wanted.created_from is not None:
        yield ScanRow.id >= first_id(wanted.created_from)
        yield ScanRow.created_at >= wanted.created_from
    if wanted.created_before is not None:
        yield ScanRow.id < first_id(wanted.created_before, later=1)
        yield ScanRow.created_at < wanted.created_before
    if wanted.reviewed is not None:
        reviewed = exists().where(ReviewRow.scan_id == ScanRow.id)
        yield reviewed if wanted.reviewed else ~reviewed


def _has(tenant: str, word: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Whether a word, in small letters, is somewhere in a scan, in its notes or in its reviews.

    For letters of ASCII SQLite's LIKE does not tell small from capital ones anyway, and is spared
    a call for every row.
    """
    holds = partial(_holds, word=word, as_it_is=sqlite and word.isascii())
    reference, signer = (func.coalesce(it, "") for it in (ScanRow.reference, ScanRow.signer))
    own = ScanRow.name + "\n" + reference + "\n" + signer
    notes = select(NoteRow.scan_id).where(NoteRow.tenant == tenant, holds(NoteRow.text))
    whys = select(ReviewRow.scan_id).where(ReviewRow.tenant == tenant, holds(ReviewRow.note))
    found = [holds(own), ScanRow.id.in_(notes), ScanRow.id.in_(whys)]
    if len(word) >= _DIGEST and set(word) <= set("0123456789abcdef"):
        found.append(ScanRow.sha256.startswith(word))
    return or_(*found)


def _holds(
    text: ColumnElement[str] | InstrumentedAttribute[str], *, word: str, as_it_is: bool
) -> ColumnElement[bool]:
    return (text if as_it_is else func.lower(text)).contains(word, autoescape=True)
