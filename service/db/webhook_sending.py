"""Every statement of those who send: an endpoint is leased by one sender, a message only rings.

What was written for an endpoint is sent one after another. A sender that dies leaves a lease that
runs out, and what it had under way is sent again under the same id.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.webhook_tables import (
    AttemptCode,
    AttemptRow,
    DeliveryRow,
    DeliveryState,
    EndpointRow,
    EventRow,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An endpoint at which something is due, and when a message for it was last sent, if unheard."""

    endpoint_id: str
    rung_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery whose turn it is, and what its sender needs."""

    id: int
    token: str
    tenant: str
    endpoint_id: str
    event_id: str
    url: str
    stored_secrets: tuple[str, ...]  # as they lie in the database, the present one first
    document: str
    attempt: int
    give_up_at: datetime
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, and what follows from it."""

    state: DeliveryState
    next_at: datetime
    begun_at: datetime
    status: int | None
    milliseconds: int
    code: AttemptCode | None
    error: str | None
    answer: str | None
    pause: str | None = None
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far the telling is behind what happened."""

    waiting: int  # deliveries to endpoints that are not paused
    seconds: float | None  # age of the oldest event of these
    dead: int
    paused: int  # endpoints


class SendingRows:
    """Safe to use from any number of processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, now: datetime) -> tuple[Waiting, ...]:
        """Endpoints at which something is due and to which nobody sends; longest rung first."""
        due = exists().where(
            DeliveryRow.endpoint_id == EndpointRow.id,
            DeliveryRow.state == DeliveryState.PENDING,
            DeliveryRow.next_at <= now,
        )
        query = select(EndpointRow.id, EndpointRow.rung_at).where(_free(now), due)
        with self._database.read() as session:
            rows = session.execute(query.order_by(EndpointRow.rung_at, EndpointRow.id)).all()
        return tuple(Waiting(row.id, row.rung_at) for row in rows)

    def mark_rung(self, waiting: Waiting, at: datetime | None) -> bool:
        """Compare-and-set of when it was rung; False when somebody else rang or heard meanwhile."""
        statement = update(EndpointRow).where(
            EndpointRow.id == waiting.endpoint_id,
            EndpointRow.rung_at.is_not_distinct_from(waiting.rung_at),
        )
        with self._database.write() as session:
            return bool(session.connection().execute(statement.values(rung_at=at)).rowcount)

    def begin(self, endpoint_id: str, token: str, now: datetime, until: datetime) -> Due | None:
        """Become the one that sends to an endpoint, whose message is heard by this.

        None: nothing is due, or somebody else is at it.
        """
        mine = update(EndpointRow).where(EndpointRow.id == endpoint_id, _free(now))
        statement = mine.values(lease=token, lease_until=until, rung_at=None)
        with self._database.write() as session:
            if not session.connection().execute(statement).rowcount:
                return None
            return _next(session, session.get_one(EndpointRow, endpoint_id), now, until)

    def settle(
        self, due: Due, outcome: Outcome, now: datetime, until: datetime | None
    ) -> Due | None:
        """Write how an attempt ended, and go on with the next, or with no `until` let others.

        What was tried again or is to be sent once more since then keeps its own state.
        """
        unchanged = and_(
            DeliveryRow.id == due.id,
            DeliveryRow.state == DeliveryState.PENDING,
            DeliveryRow.attempts == due.attempt,
        )
        values = {
            "state": outcome.state,
            "next_at": outcome.next_at,
            "status": outcome.status,
            "milliseconds": outcome.milliseconds,
            "code": outcome.code,
            "error": outcome.error,
        }
        with self._database.write() as session:
            endpoint = session.get(EndpointRow, due.endpoint_id, with_for_update=True)
            session.execute(update(DeliveryRow).where(unchanged).values(**values))
            if session.get(DeliveryRow, due.id) is not None:
                session.add(_attempt(due, outcome))
            if endpoint is None or endpoint.lease != due.token:
                return None
            well = outcome.state is DeliveryState.DELIVERED
            endpoint.failing_since = None if well else endpoint.failing_since or now
            endpoint.quiet_until = outcome.quiet_until
            endpoint.paused = outcome.pause or endpoint.paused
            return _next(session, endpoint, now, until)

    def forget(self, before: datetime) -> None:
        """Delete events of before then, with their deliveries and every attempt."""
        with self._database.write() as session:
            session.execute(delete(EventRow).where(EventRow.created_at < before))

    def lag(self, now: datetime) -> Lag:
        """Of every tenant."""
        pending, dead = (
            DeliveryRow.state == state for state in (DeliveryState.PENDING, DeliveryState.DEAD)
        )
        waiting = (
            select(func.count(DeliveryRow.id), func.min(EventRow.created_at))
            .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
            .join(EventRow, EventRow.id == DeliveryRow.event_id)
            .where(pending, EndpointRow.paused.is_(None))
        )
        paused = select(func.count()).where(EndpointRow.paused.is_not(None))
        with self._database.read() as session:
            count, oldest = session.execute(waiting).one()
            return Lag(
                waiting=count,
                seconds=max(0.0, (now - oldest).total_seconds()) if oldest is not None else None,
                dead=session.scalar(select(func.count()).where(dead)) or 0,
                paused=session.scalar(paused) or 0,
            )


def _free(now: datetime) -> ColumnElement[bool]:
    """It is told at present, did not just fail, and nobody sends to it."""
    return and_(
        EndpointRow.paused.is_(None),
        or_(EndpointRow.quiet_until.is_(None), EndpointRow.quiet_until <= now),
        or_(EndpointRow.lease_until.is_(None), EndpointRow.lease_until < now),
    )


def _next(
    session: Session, endpoint: EndpointRow, now: datetime, until: datetime | None
) -> Due | None:
    """What waits longest at a leased endpoint; without anything, or no `until`, the lease ends."""
    query = (
        select(DeliveryRow)
        .where(
            DeliveryRow.endpoint_id == endpoint.id,
            DeliveryRow.state == DeliveryState.PENDING,
            DeliveryRow.next_at <= now,
        )
        .order_by(DeliveryRow.next_at, DeliveryRow.id)
        .limit(1)
    )
    quiet = endpoint.quiet_until is not None and endpoint.quiet_until > now
    stopped = until is None or quiet or endpoint.paused is not None
    delivery = None if stopped else session.scalars(query).first()
    if delivery is None:
        endpoint.lease = endpoint.lease_until = None
        return None
    endpoint.lease_until = until
    delivery.attempts += 1
    return _due(endpoint, delivery, session.get_one(EventRow, delivery.event_id), now)


def _due(endpoint: EndpointRow, delivery: DeliveryRow, event: EventRow, now: datetime) -> Due:
    former = endpoint.former_secret
    overlaps = endpoint.former_until is not None and endpoint.former_until > now
    return Due(
        id=delivery.id,
        token=endpoint.lease or "",
        tenant=delivery.tenant,
        endpoint_id=endpoint.id,
        event_id=event.id,
        url=endpoint.url,
        stored_secrets=(endpoint.secret, former) if former and overlaps else (endpoint.secret,),
        document=event.document,
        attempt=delivery.attempts,
        give_up_at=delivery.give_up_at,
        failing_since=endpoint.failing_since,
    )


def _attempt(due: Due, outcome: Outcome) -> AttemptRow:
    return AttemptRow(
        tenant=due.tenant,
        delivery_id=due.id,
        at=outcome.begun_at,
        status=outcome.status,
        milliseconds=outcome.milliseconds,
        code=outcome.code,
        error=outcome.error,
        answer=outcome.answer,
    )
