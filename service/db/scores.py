"""What detectors said of files, read back out of reports."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select

from service.db.engine import Database
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


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Reports of one tenant whose scans have ids from `first` on and below `end`, if there is one."""

    tenant: str
    first: str
    end: str | None

    def where(self) -> ColumnElement[bool]:
        """Its rows."""
        those = and_(ReportRow.tenant == self.tenant, ReportRow.scan_id >= self.first)
        return those if self.end is None else and_(those, ReportRow.scan_id < self.end)


def counted(
    database: Database, first: str, border: str, *, tenant: str | None
) -> dict[Stretch, int]:
    """How many reports each tenant has before the border and from it on; none where there are none."""
    found: dict[Stretch, int] = {}
    for start, end in ((first, border), (border, None)):
        query = select(ReportRow.tenant, func.count()).where(ReportRow.scan_id >= start)
        if end is not None:
            query = query.where(ReportRow.scan_id < end)
        if tenant is not None:
            query = query.where(ReportRow.tenant == tenant)
        with database.read() as session:
            for name, count in session.execute(query.group_by(ReportRow.tenant)):
                found[Stretch(name, start, end)] = count
    return found


def said_in(database: Database, stretch: Stretch, *, most: int) -> Iterator[Said]:
    """Of the newest reports of a stretch, at most so many; a few are in memory at a time."""
    before, left = None, most
    while left > 0:
        query = select(ReportRow).where(stretch.where())
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
