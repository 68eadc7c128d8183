"""Events are written here, in the transaction of what they tell of, so that both stay or neither."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.batch_lifecycle import Batch
from service.db.lifecycle import new_scan_id
from service.db.models import LabelRow, ScanRow
from service.db.trail import note
from service.db.webhook_tables import DeliveryRow, DeliveryState, EndpointRow, EventRow
from service.reporting.decision import PolicyAction
from service.reporting.report import Verdict

Data = Mapping[str, str | int | Mapping[str, str] | None]

PATIENCE: Final = timedelta(hours=24)
"""How long a delivery is tried before it is dead."""


class EventType(StrEnum):
    """What receivers can be told of; TEST is sent to one of them when somebody asks."""

    SCAN_COMPLETED = "scan.completed"
    SCAN_FAILED = "scan.failed"
    SCAN_CANCELLED = "scan.cancelled"
    BATCH_COMPLETED = "batch.completed"
    TEST = "webhook.test"


def send_to(
    session: Session,
    tenant: str,
    endpoints: list[str],
    event: EventType,
    data: Data,
    now: datetime,
) -> str:
    """Write the event and one delivery for each of these endpoints; the id of the event."""
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
    return row.id


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
    found = {"verdict": verdict, "action": action}
    _announce_scans(session, tenant, EventType.SCAN_COMPLETED, (scan_id,), found, now)


def announce_failed(session: Session, tenant: str, scan_id: str, code: str, now: datetime) -> None:
    """Tell that a scan ended without a report, and the stable code of why."""
    note(session, tenant, "scan.failed", f"scan:{scan_id}", code=code)
    _announce_scans(session, tenant, EventType.SCAN_FAILED, (scan_id,), {"code": code}, now)


def announce_cancelled(
    session: Session, tenant: str, scan_ids: Sequence[str], code: str, now: datetime
) -> None:
    """Tell that scans were cancelled, each by an event of its own."""
    _announce_scans(session, tenant, EventType.SCAN_CANCELLED, scan_ids, {"code": code}, now)


def announce_batch(session: Session, batch: Batch) -> None:
    """Tell that everything in a batch came to its end."""
    told = _told(session, batch.tenant, EventType.BATCH_COMPLETED)
    if told:
        now = batch.finished_at or batch.created_at
        data: Data = {"batch": batch.id, "total": batch.total, **_links(f"batches/{batch.id}")}
        send_to(session, batch.tenant, told, EventType.BATCH_COMPLETED, data, now)


def _announce_scans(
    session: Session,
    tenant: str,
    event: EventType,
    scan_ids: Sequence[str],
    found: Data,
    now: datetime,
) -> None:
    told = _told(session, tenant, event)
    for scan_id in scan_ids if told else ():
        data: Data = {"scan": scan_id, **_names(session, scan_id), **found}
        send_to(session, tenant, told, event, {**data, **_links(f"scans/{scan_id}")}, now)


def _told(session: Session, tenant: str, event: EventType) -> list[str]:
    """The endpoints of the tenant that asked for this type."""
    query = select(EndpointRow.id, EndpointRow.events).where(EndpointRow.tenant == tenant)
    return [row.id for row in session.execute(query) if event in row.events]


def _names(session: Session, scan_id: str) -> Data:
    """What the client calls the scan."""
    labels = select(LabelRow.name, LabelRow.value).where(LabelRow.scan_id == scan_id)
    return {
        "reference": session.scalar(select(ScanRow.reference).where(ScanRow.id == scan_id)),
        "labels": {row.name: row.value for row in session.execute(labels.order_by(LabelRow.name))},
    }


def _links(path: str) -> dict[str, str]:
    return {"self": f"/v1/{path}"}
