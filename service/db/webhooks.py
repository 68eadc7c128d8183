"""Every statement about endpoints and deliveries; a delivery is leased as a scan is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.outbox import PATIENCE, EventType, send_to
from service.db.trail import note
from service.db.webhook_tables import DeliveryRow, DeliveryState, EndpointRow, EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address that is told, without its secrets."""

    id: str
    url: str
    events: tuple[EventType, ...]
    created_at: datetime
    paused: str | None  # why it is not told at present
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint."""

    id: int
    event_id: str
    type: EventType
    state: DeliveryState
    attempts: int
    next_at: datetime
    status: int | None
    milliseconds: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery that one sender holds the lease of."""

    id: int
    token: str
    endpoint_id: str
    event_id: str
    url: str
    secrets: tuple[str, ...]
    document: str
    attempt: int
    give_up_at: datetime
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, and what follows from it."""

    state: DeliveryState
    next_at: datetime
    status: int | None
    milliseconds: int
    error: str | None
    pause: str | None = None
    quiet_until: datetime | None = None


class WebhookRows:
    """Safe to use from any number of processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tenant: str, endpoint: Endpoint, secret: str) -> None:
        row = EndpointRow(
            id=endpoint.id,
            tenant=tenant,
            url=endpoint.url,
            events=list(endpoint.events),
            secret=secret,
            created_at=endpoint.created_at,
        )
        with self._database.write() as session:
            session.add(row)
            note(session, tenant, "webhook.created", f"webhook:{endpoint.id}")

    def get(self, tenant: str, endpoint_id: str) -> Endpoint | None:
        with self._database.read() as session:
            row = _row(session, tenant, endpoint_id)
            return _endpoint(row) if row is not None else None

    def list(self, tenant: str) -> tuple[Endpoint, ...]:
        query = select(EndpointRow).where(EndpointRow.tenant == tenant).order_by(EndpointRow.id)
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

    def test(self, tenant: str, endpoint_id: str, now: datetime) -> None:
        with self._database.write() as session:
            data = {"endpoint": endpoint_id}
            send_to(session, tenant, [endpoint_id], EventType.TEST, data, now)

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
        return tuple(_delivery(row, EventType(kind)) for row, kind in rows)

    def redeliver(self, endpoint_id: str, delivery_id: int | None, now: datetime) -> int:
        """Send one delivery again, or every dead one; how many."""
        which = (
            DeliveryRow.id == delivery_id
            if delivery_id is not None
            else DeliveryRow.state == DeliveryState.DEAD
        )
        again = (
            update(DeliveryRow)
            .where(DeliveryRow.endpoint_id == endpoint_id, which, DeliveryRow.lease.is_(None))
            .values(state=DeliveryState.PENDING, attempts=0, next_at=now, give_up_at=now + PATIENCE)
        )
        with self._database.write() as session:
            return session.connection().execute(again).rowcount

    def take(self, token: str, now: datetime, until: datetime) -> Due | None:
        """Lease what waits longest, of an endpoint that nobody sends to at present."""
        busy = select(DeliveryRow.endpoint_id).where(DeliveryRow.lease_until >= now)
        free = or_(DeliveryRow.lease.is_(None), DeliveryRow.lease_until < now)
        query = (
            select(DeliveryRow.id)
            .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
            .where(
                DeliveryRow.state == DeliveryState.PENDING,
                DeliveryRow.next_at <= now,
                EndpointRow.paused.is_(None),
                or_(EndpointRow.quiet_until.is_(None), EndpointRow.quiet_until <= now),
                DeliveryRow.endpoint_id.not_in(busy),
            )
            .order_by(DeliveryRow.next_at, DeliveryRow.id)
            .limit(1)
        )
        with self._database.read() as session:
            found = session.scalar(query)
        if found is None:
            return None
        with self._database.write() as session:
            claim = update(DeliveryRow).where(
                DeliveryRow.id == found, DeliveryRow.state == DeliveryState.PENDING, free
            )
            claimed = claim.values(
                lease=token, lease_until=until, attempts=DeliveryRow.attempts + 1
            )
            if not session.connection().execute(claimed).rowcount:
                return None
            return _due(session, found, token, now)

    def settle(self, due: Due, outcome: Outcome, now: datetime) -> bool:
        """Write how an attempt ended; False when another sender holds the delivery by now."""
        with self._database.write() as session:
            held = and_(DeliveryRow.id == due.id, DeliveryRow.lease == due.token)
            settled = session.connection().execute(
                update(DeliveryRow)
                .where(held)
                .values(
                    state=outcome.state,
                    next_at=outcome.next_at,
                    lease=None,
                    lease_until=None,
                    status=outcome.status,
                    milliseconds=outcome.milliseconds,
                    error=outcome.error,
                )
            )
            row = session.get(EndpointRow, due.endpoint_id)
            if not settled.rowcount or row is None:
                return False
            well = outcome.state is DeliveryState.DELIVERED
            row.failing_since = None if well else row.failing_since or now
            row.quiet_until = outcome.quiet_until
            row.paused = outcome.pause or row.paused
            return True

    def forget(self, before: datetime) -> None:
        """Delete events of before then, with their deliveries."""
        with self._database.write() as session:
            session.execute(delete(EventRow).where(EventRow.created_at < before))


def _row(session: Session, tenant: str, endpoint_id: str) -> EndpointRow | None:
    row = session.get(EndpointRow, endpoint_id)
    return row if row is not None and row.tenant == tenant else None


def _due(session: Session, delivery_id: int, token: str, now: datetime) -> Due | None:
    row = session.get_one(DeliveryRow, delivery_id)
    event = session.get_one(EventRow, row.event_id)
    endpoint = session.get_one(EndpointRow, row.endpoint_id)
    former = endpoint.former_secret
    overlaps = endpoint.former_until is not None and endpoint.former_until > now
    return Due(
        id=row.id,
        token=token,
        endpoint_id=endpoint.id,
        event_id=event.id,
        url=endpoint.url,
        secrets=(endpoint.secret, former) if former and overlaps else (endpoint.secret,),
        document=event.document,
        attempt=row.attempts,
        give_up_at=row.give_up_at,
        failing_since=endpoint.failing_since,
    )


def _endpoint(row: EndpointRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        events=tuple(EventType(name) for name in row.events),
        created_at=row.created_at,
        paused=row.paused,
        failing_since=row.failing_since,
    )


def _delivery(row: DeliveryRow, kind: EventType) -> Delivery:
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        type=kind,
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at,
        status=row.status,
        milliseconds=row.milliseconds,
        error=row.error,
    )
