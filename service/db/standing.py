"""How the queues stand, of every tenant together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from service.db.engine import Database
from service.db.lifecycle import State
from service.db.models import ScanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStanding:
    """The scans of one queue that have no end yet."""

    queue: str
    waiting: int
    running: int
    oldest: datetime | None  # when the one that waits longest was accepted; None: none waits


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
