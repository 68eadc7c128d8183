"""What detectors said of files, read back out of reports."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from service.db.engine import Database
from service.db.lifecycle import first_id
from service.db.models import ReportRow

BATCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One detector's answer about one file; `raw` None: it gave no score."""

    scan_id: str
    tenant: str
    kind: str
    detector: str
    model: str  # name of its card
    digest: str  # of the card and the weights it had then
    raw: float | None
    allowance: float  # of `raw`, by which thresholds are higher for this file
    log10_lr: float | None


def said_since(
    database: Database, since: datetime, *, tenant: str | None = None, most: int
) -> Iterator[Said]:
    """Of the newest reports since then, at most so many; a few are in memory at a time."""
    first, before, left = first_id(since), None, most
    while left > 0:
        query = select(ReportRow).where(ReportRow.scan_id >= first)
        if tenant is not None:
            query = query.where(ReportRow.tenant == tenant)
        if before is not None:
            query = query.where(ReportRow.scan_id < before)
        with database.read() as session:
            rows = session.scalars(
                query.order_by(ReportRow.scan_id.desc()).limit(min(left, BATCH))
            ).all()
        for row in rows:
            yield from _said(row.scan_id, row.tenant, json.loads(row.document))
        if len(rows) < BATCH:
            return
        before, left = rows[-1].scan_id, left - len(rows)


def _said(scan_id: str, tenant: str, report: dict[str, Any]) -> Iterator[Said]:
    models = report["engine"]["models"]
    for finding in report["findings"]:
        if finding["outcome"] == "failed":
            continue
        ratio = finding["lr"]
        yield Said(
            scan_id=scan_id,
            tenant=tenant,
            kind=report["subject"]["kind"] or "",
            detector=finding["detector"],
            model=finding["model"],
            digest=models.get(finding["model"], ""),
            raw=finding["raw"],
            allowance=finding.get("allowance", 0.0),
            log10_lr=None if ratio is None else ratio["log10"],
        )
