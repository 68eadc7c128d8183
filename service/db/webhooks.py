"""Every statement about a tenant's endpoints and deliveries; `webhook_sending` has the senders'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.outbox import PATIENCE, EventType, send_to
from service.db.trail import note
from service.db.webhook_tables import (
    AttemptCode,
    AttemptRow,
    DeliveryRow,
    DeliveryState,
    EndpointRow,
    EventRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address that is told, without its secrets."""

    id: str
    tenant: str
    url: str
    events: tuple[EventType, ...]
    created_at: datetime
    paused: str | None  # why it is not told at present
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a delivery."""

    at: datetime  # when it began
    status: int | None  # what the receiver answered
    milliseconds: int
    code: AttemptCode | None  # None: delivered
    error: str | None
    answer: str | None  # how the body of a refusal began


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint, and how the last attempt went."""

    id: int
    event_id: str
    type: EventType
    state: DeliveryState
    attempts: int
    next_at: datetime
    status: int | None
    milliseconds: int | None
    code: AttemptCode | None
    error: str | None
    history: tuple[Attempt, ...]  # every attempt, the oldest first


class WebhookRows:
    """Safe to use from any number of processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, endpoint: Endpoint, secret: str) -> None:
        row = EndpointRow(
            id=endpoint.id,
            tenant=endpoint.tenant,
            url=endpoint.url,
            events=list(endpoint.events),
            secret=secret,
            created_at=endpoint.created_at,
        )
        with self._database.write() as session:
            session.add(row)
            note(session, endpoint.tenant, "webhook.created", f"webhook:{endpoint.id}")

    def get(self, tenant: str, endpoint_id: str) -> Endpoint | None:
        with self._database.read() as session:
            row = _row(session, tenant, endpoint_id)
            return _endpoint(row) if row is not None else None

    def list(self, tenant: str | None) -> tuple[Endpoint, ...]:
        """Those of a tenant, or of all."""
        query = select(EndpointRow).order_by(EndpointRow.tenant, EndpointRow.id)
        if tenant is not None:
            query = query.where(EndpointRow.tenant == tenant)
        with self._database.read() as session:
            return tuple(_endpoint(row) for row in session.scalars(query))

    def change(
        self, tenant: str, endpoint_id: str, *, url: str, events: Sequence[str], paused: str | None
    ) -> Endpoint | None:
        """An endpoint that is told again begins without a history of failures."""
        with self._database.write() as session:
            row = _row(session, tenant, endpoint_id)
            if row is None:
                return None
            row.url, row.events, row.paused = url, list(events), paused
            row.failing_since = row.quiet_until = None
            note(session, tenant, "webhook.changed", f"webhook:{endpoint_id}")
            return _endpoint(row)

    def rotate(self, tenant: str, endpoint_id: str, secret: str, until: datetime) -> bool:
        """Sign with a new secret, and with the present one too `until` then."""
        with self._database.write() as session:
            row = _row(session, tenant, endpoint_id)
            if row is None:
                return False
            row.former_secret, row.former_until, row.secret = row.secret, until, secret
            note(session, tenant, "webhook.rotated", f"webhook:{endpoint_id}")
            return True

    def remove(self, tenant: str, endpoint_id: str) -> bool:
        with self._database.write() as session:
            row = _row(session, tenant, endpoint_id)
            if row is not None:
                session.execute(delete(EndpointRow).where(EndpointRow.id == row.id))
                note(session, tenant, "webhook.deleted", f"webhook:{endpoint_id}")
            return row is not None

    def test(self, tenant: str, endpoint_id: str, now: datetime) -> str:
        """Write an event for this endpoint alone; its id."""
        with self._database.write() as session:
            data = {"endpoint": endpoint_id}
            return send_to(session, tenant, [endpoint_id], EventType.TEST, data, now)

    def deliveries(
        self, endpoint_id: str, *, state: DeliveryState | None, before: int | None, limit: int
    ) -> tuple[Delivery, ...]:
        """The newest first."""
        query = (
            select(DeliveryRow, EventRow.type)
            .join(EventRow, EventRow.id == DeliveryRow.event_id)
            .where(DeliveryRow.endpoint_id == endpoint_id)
        )
        if state is not None:
            query = query.where(DeliveryRow.state == state)
        if before is not None:
            query = query.where(DeliveryRow.id < before)
        with self._database.read() as session:
            rows = session.execute(query.order_by(DeliveryRow.id.desc()).limit(limit)).all()
            history = _history(session, [row.id for row, _ in rows])
        return tuple(_delivery(row, EventType(kind), history) for row, kind in rows)

    def redeliver(self, endpoint_id: str, delivery_id: int | None, now: datetime) -> int:
        """Send one delivery again, or every dead one; how many."""
        which = (
            DeliveryRow.id == delivery_id
            if delivery_id is not None
            else DeliveryRow.state == DeliveryState.DEAD
        )
        again = (
            update(DeliveryRow)
            .where(DeliveryRow.endpoint_id == endpoint_id, which)
            .values(state=DeliveryState.PENDING, attempts=0, next_at=now, give_up_at=now + PATIENCE)
        )
        with self._database.write() as session:
            return session.connection().execute(again).rowcount

    def plain(self, sealed: str) -> tuple[tuple[str, str, str | None], ...]:
        """Id, secret and former secret of endpoints with one that does not begin with `sealed`."""
        readable = or_(
            EndpointRow.secret.not_like(f"{sealed}%"),
            EndpointRow.former_secret.not_like(f"{sealed}%"),
        )
        query = select(EndpointRow.id, EndpointRow.secret, EndpointRow.former_secret)
        with self._database.read() as session:
            return tuple((row[0], row[1], row[2]) for row in session.execute(query.where(readable)))

    def reseal(self, endpoint_id: str, before: str, secret: str, former: str | None) -> None:
        """Store the secrets of an endpoint in another form, unless it has another one by now."""
        same = (EndpointRow.id == endpoint_id, EndpointRow.secret == before)
        with self._database.write() as session:
            statement = update(EndpointRow).where(*same)
            session.execute(statement.values(secret=secret, former_secret=former))


def _row(session: Session, tenant: str, endpoint_id: str) -> EndpointRow | None:
    row = session.get(EndpointRow, endpoint_id)
    return row if row is not None and row.tenant == tenant else None


def _endpoint(row: EndpointRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        tenant=row.tenant,
        url=row.url,
        events=tuple(EventType(name) for name in row.events),
        created_at=row.created_at,
        paused=row.paused,
        failing_since=row.failing_since,
    )


def _history(session: Session, delivery_ids: Sequence[int]) -> dict[int, list[Attempt]]:
    query = select(AttemptRow).where(AttemptRow.delivery_id.in_(delivery_ids))
    found: dict[int, list[Attempt]] = {}
    for row in session.scalars(query.order_by(AttemptRow.id)):
        attempt = Attempt(
            at=row.at,
            status=row.status,
            milliseconds=row.milliseconds,
            code=row.code,
            error=row.error,
            answer=row.answer,
        )
        found.setdefault(row.delivery_id, []).append(attempt)
    return found


def _delivery(row: DeliveryRow, kind: EventType, history: Mapping[int, list[Attempt]]) -> Delivery:
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        type=kind,
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at,
        status=row.status,
        milliseconds=row.milliseconds,
        code=row.code,
        error=row.error,
        history=tuple(history.get(row.id, ())),
    )
