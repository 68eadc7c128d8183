"""How the installation stands, of every tenant together: what waits in each queue, and webhooks."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from service.db.engine import Database
from service.db.lifecycle import State
from service.db.models import ScanRow
from service.db.webhook_tables import DeliveryRow, DeliveryState, EndpointRow


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStanding:
    """The scans of one queue that have no end yet."""

    queue: str
    waiting: int
    running: int
    oldest: datetime | None  # when the one that waits longest was accepted; None: none waits


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStanding:
    """What receivers of webhooks have not been told yet."""

    due: int
    oldest: datetime | None  # since when the first of them should have been told


def queues(database: Database) -> tuple[QueueStanding, ...]:
    """Every queue in which a scan waits or runs. Raises `SQLAlchemyError`."""
    query = (
        select(ScanRow.queue, ScanRow.state, func.count(), func.min(ScanRow.created_at))
        .where(ScanRow.state.in_((State.QUEUED, State.RUNNING)))
        .group_by(ScanRow.queue, ScanRow.state)
    )
    found: dict[str, dict[State, tuple[int, datetime]]] = {}
    with database.read() as session:
        for queue, state, amount, oldest in session.execute(query):
            found.setdefault(queue, {})[state] = (amount, oldest)
    nothing = (0, None)
    return tuple(
        QueueStanding(
            queue=queue,
            waiting=states.get(State.QUEUED, nothing)[0],
            running=states.get(State.RUNNING, nothing)[0],
            oldest=states.get(State.QUEUED, nothing)[1],
        )
        for queue, states in sorted(found.items())
    )


def webhooks(database: Database, now: datetime) -> WebhookStanding:
    """Deliveries that are due at endpoints which are told at all. Raises `SQLAlchemyError`."""
    query = (
        select(func.count(), func.min(DeliveryRow.next_at))
        .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
        .where(
            DeliveryRow.state == DeliveryState.PENDING,
            DeliveryRow.next_at <= now,
            EndpointRow.paused.is_(None),
            or_(EndpointRow.quiet_until.is_(None), EndpointRow.quiet_until <= now),
        )
    )
    with database.read() as session:
        due, oldest = session.execute(query).one()
    return WebhookStanding(due=due, oldest=oldest)
