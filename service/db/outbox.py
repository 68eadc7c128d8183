"""Events are written here, in the transaction of what they tell of, so that both stay or neither."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.batch_lifecycle import Batch
from service.db.lifecycle import new_scan_id
from service.db.models import ScanRow
from service.db.trail import note
from service.db.webhook_tables import DeliveryRow, DeliveryState, EndpointRow, EventRow
from service.reporting.decision import PolicyAction
from service.reporting.report import Verdict

Data = Mapping[str, str | int | None]

PATIENCE: Final = timedelta(hours=24)
"""How long a delivery is tried before it is dead."""


class EventType(StrEnum):
    """What receivers can be told of; TEST is sent to one of them when somebody asks."""

    SCAN_COMPLETED = "scan.completed"
    SCAN_FAILED = "scan.failed"
    BATCH_COMPLETED = "batch.completed"
    TEST = "webhook.test"


def announce(
    session: Session,
    tenant: str,
    event: EventType,
    data: Data,
    now: datetime,
) -> None:
    """Tell every endpoint of the tenant that asked for this type; without any nothing is written."""
    query = select(EndpointRow).where(EndpointRow.tenant == tenant)
    told = [row.id for row in session.scalars(query) if event in row.events]
    if told:
        send_to(session, tenant, told, event, data, now)


def send_to(
    session: Session,
    tenant: str,
    endpoints: list[str],
    event: EventType,
    data: Data,
    now: datetime,
) -> None:
    """Write the event and one delivery for each of these endpoints."""
    body = {"type": event, "timestamp": now.isoformat(), "data": dict(data)}
    row = EventRow(
        id=new_scan_id(now), tenant=tenant, type=event, document=json.dumps(body), created_at=now
    )
    session.add(row)
    session.flush()
    for endpoint in endpoints:
        session.add(
            DeliveryRow(
                tenant=tenant,
                endpoint_id=endpoint,
                event_id=row.id,
                state=DeliveryState.PENDING,
                attempts=0,
                next_at=now,
                give_up_at=now + PATIENCE,
            )
        )


def announce_completed(
    session: Session,
    tenant: str,
    scan_id: str,
    verdict: Verdict,
    action: PolicyAction | None,
    now: datetime,
) -> None:
    """Tell that a scan has its report, and remember it in the audit log."""
    note(session, tenant, "scan.done", f"scan:{scan_id}", verdict=verdict)
    data: Data = {
        "scan": scan_id,
        "reference": _reference(session, scan_id),
        "verdict": verdict,
        "action": action,
        **_links(f"scans/{scan_id}"),
    }
    announce(session, tenant, EventType.SCAN_COMPLETED, data, now)


def announce_failed(session: Session, tenant: str, scan_id: str, code: str, now: datetime) -> None:
    """Tell that a scan ended without a report, and the stable code of why."""
    note(session, tenant, "scan.failed", f"scan:{scan_id}", code=code)
    data: Data = {
        "scan": scan_id,
        "reference": _reference(session, scan_id),
        "code": code,
        **_links(f"scans/{scan_id}"),
    }
    announce(session, tenant, EventType.SCAN_FAILED, data, now)


def announce_batch(session: Session, batch: Batch) -> None:
    """Tell that everything in a batch came to its end."""
    now = batch.finished_at or batch.created_at
    data: Data = {"batch": batch.id, "total": batch.total, **_links(f"batches/{batch.id}")}
    announce(session, batch.tenant, EventType.BATCH_COMPLETED, data, now)


def _reference(session: Session, scan_id: str) -> str | None:
    """What the client calls the scan."""
    return session.scalar(select(ScanRow.reference).where(ScanRow.id == scan_id))


def _links(path: str) -> dict[str, str]:
    return {"self": f"/v1/{path}"}
