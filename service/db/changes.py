"""What the columns of a scan become when it waits again or fails."""

from datetime import datetime

from service.db.entries import START
from service.db.lifecycle import Failure, State


def failed(failure: Failure, now: datetime) -> dict[str, object]:
    """Of a scan that has ended without a report."""
    return {
        "state": State.FAILED,
        "lease": None,
        "lease_until": None,
        "finished_at": now,
        "failure_code": failure.code,
        "failure_sentence": failure.sentence,
    }


def queued_again() -> dict[str, object]:
    """Of a scan that waits, with nobody having sent a message for it yet."""
    return {
        "state": State.QUEUED,
        "lease": None,
        "lease_until": None,
        "enqueued_at": None,
        "stage": START.stage,
        "done": START.done,
        "note": START.note,
    }
