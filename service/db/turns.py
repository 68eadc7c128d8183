"""Whose turn it is: a message wakes a worker, the rows say for which scan."""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from service.db.lifecycle import State
from service.db.models import ScanRow


def whose_turn(
    session: Session, own: str, queue: str | None, lapsed: ColumnElement[bool], most: int
) -> str | None:
    """Of the scans that wait in a queue, the one that waits longest, less its head start.

    Those that were handed back wait for a message of their own, so that one which can never run
    does not keep the others from running.
    """
    row = session.execute(
        select(ScanRow.queue, lapsed.label("lapsed")).where(ScanRow.id == own)
    ).one_or_none()
    if row is not None and row.lapsed:
        return own
    rung = or_(ScanRow.enqueued_at.is_not(None), ScanRow.id == own)
    query = select(ScanRow.id).where(
        ScanRow.state == State.QUEUED,
        ScanRow.queue == (queue if row is None else row.queue),
        rung,
        ScanRow.attempts < most,
    )
    order = (ScanRow.turn_at, ScanRow.id != own, ScanRow.id)
    first = query.order_by(*order).limit(1).with_for_update(skip_locked=True)
    return session.scalar(first)
