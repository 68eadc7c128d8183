"""The audit log: who did what to which scan, key or policy, in a chain that shows what was changed.

A line is written in the transaction of the deed it tells of, so that neither is there without the
other. A moment later it gets its number and a digest over itself and the line before it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.trail_tables import CheckpointRow, TrailEndRow, TrailRow

START: Final = "0" * 64
"""What stands before the first line."""

BATCH: Final = 1000

SERVICE: Final = "service"
"""Who acts where nobody asked: the reconciler, a worker."""

_ACTOR: ContextVar[str] = ContextVar("actor", default=SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One deed in its place. `digest` covers all the other members and `before`, the line before's."""

    tenant: str
    line: int
    at: datetime
    actor: str
    deed: str
    object: str
    detail: Mapping[str, Any]
    digest: str

    def digest_after(self, before: str) -> str:
        """What the digest has to be: SHA-256 of the canonical JSON (RFC 8785) of the members."""
        members: dict[str, Any] = {
            "tenant": self.tenant,
            "line": self.line,
            "at": self.at.astimezone(UTC).isoformat(),
            "actor": self.actor,
            "deed": self.deed,
            "object": self.object,
            "detail": dict(self.detail),
            "before": before,
        }
        return hashlib.sha256(rfc8785.dumps(members)).hexdigest()


@dataclass(frozen=True, slots=True)
class End:
    """The last line of a chain."""

    tenant: str
    line: int
    digest: str


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """The end of a chain on a day, and the detached JWS over it."""

    day: str
    document: str
    signature: str


@contextmanager
def acting(actor: str) -> Iterator[None]:
    """Whatever is done inside the block, this one did: `key:ID`, `account:ID` or `local`."""
    token = _ACTOR.set(actor)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def act_as(actor: str) -> None:
    """Whatever the rest of this task does, this one does: as `acting` without an end."""
    _ACTOR.set(actor)


def actor() -> str:
    """Who acts now."""
    return _ACTOR.get()


def note(
    session: Session, tenant: str, deed: str, object_: str, **detail: str | int | None
) -> None:
    """Write a line with the deed, in the deed's transaction; no names, addresses or contents."""
    write_lines(session, [line_of(tenant, deed, object_, **detail)])


def line_of(tenant: str, deed: str, object_: str, **detail: str | int | None) -> dict[str, object]:
    """A line about what whoever acts now does now, to be written with the deed."""
    return {
        "tenant": tenant,
        "at": datetime.now(UTC),
        "actor": actor(),
        "deed": deed,
        "object": object_,
        "detail": {name: value for name, value in detail.items() if value is not None},
    }


def write_lines(session: Session, lines: Sequence[Mapping[str, object]]) -> None:
    """Write lines that `line_of` made."""
    session.connection().execute(insert(TrailRow).inline(), lines)


class TrailRows:
    """The audit log in the database. Safe from any number of processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def chain(self) -> int:
        """Give every loose line its place; how many. Another process at it is left to it."""
        query = select(TrailRow.tenant).where(TrailRow.line.is_(None)).distinct()
        with self._database.read() as session:
            tenants = session.scalars(query).all()
        return sum(self._chain(tenant) for tenant in tenants)

    def _chain(self, tenant: str) -> int:
        try:
            with self._database.write() as session:
                return _go_on(session, tenant)
        except IntegrityError:  # another process began this tenant's chain just now
            return 0

    def ends(self) -> tuple[End, ...]:
        """Where each tenant's chain ends."""
        with self._database.read() as session:
            rows = session.scalars(select(TrailEndRow).order_by(TrailEndRow.tenant)).all()
        return tuple(End(row.tenant, row.line, row.digest) for row in rows)

    def loose(self, tenant: str) -> int:
        """How many lines are not in the chain yet."""
        query = select(func.count()).where(TrailRow.tenant == tenant, TrailRow.line.is_(None))
        with self._database.read() as session:
            return session.scalar(query) or 0

    def lines(self, tenant: str, *, after: int = 0, object_: str | None = None) -> Iterator[Line]:
        """The chain in its order, read in parts, so that its length does not matter."""
        while True:
            query = select(TrailRow).where(TrailRow.tenant == tenant, TrailRow.line > after)
            if object_ is not None:
                query = query.where(TrailRow.object == object_)
            with self._database.read() as session:
                rows = session.scalars(query.order_by(TrailRow.line).limit(BATCH)).all()
            for row in rows:
                yield _line(row)
            if len(rows) < BATCH:
                return
            after = rows[-1].line or after

    def checkpoints(self, tenant: str) -> tuple[SignedCheckpoint, ...]:
        """The oldest first."""
        query = select(CheckpointRow).where(CheckpointRow.tenant == tenant)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(CheckpointRow.day)).all()
        return tuple(SignedCheckpoint(row.day, row.document, row.signature) for row in rows)

    def unmarked(self, day: str) -> tuple[End, ...]:
        """The chains that have no checkpoint of this day."""
        marked = select(CheckpointRow.tenant).where(CheckpointRow.day == day)
        query = select(TrailEndRow).where(TrailEndRow.tenant.not_in(marked))
        with self._database.read() as session:
            return tuple(End(r.tenant, r.line, r.digest) for r in session.scalars(query))

    def mark(self, tenant: str, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint; the first of a day stays."""
        row = CheckpointRow(
            tenant=tenant,
            day=checkpoint.day,
            document=checkpoint.document,
            signature=checkpoint.signature,
        )
        try:
            with self._database.write() as session:
                session.add(row)
        except IntegrityError:
            return


def _go_on(session: Session, tenant: str) -> int:
    held = select(TrailEndRow).where(TrailEndRow.tenant == tenant)
    end = session.scalar(held.with_for_update(skip_locked=True))
    if end is None:
        end = TrailEndRow(tenant=tenant, line=0, digest=START)
        session.add(end)
        session.flush()
    loose = select(TrailRow).where(TrailRow.tenant == tenant, TrailRow.line.is_(None))
    rows = session.scalars(loose.order_by(TrailRow.id).limit(BATCH)).all()
    for row in rows:
        row.line = end.line + 1
        row.digest = _line(row).digest_after(end.digest)
        end.line, end.digest = row.line, row.digest
    return len(rows)


def _line(row: TrailRow) -> Line:
    return Line(
        tenant=row.tenant,
        line=row.line or 0,
        at=row.at,
        actor=row.actor,
        deed=row.deed,
        object=row.object,
        detail=row.detail,
        digest=row.digest or "",
    )
