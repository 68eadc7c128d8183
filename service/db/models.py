"""The tables of scans. A change here needs a migration beside it; a test compares the two."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from detectors.base import Kind
from service.analysis.progress import Stage
from service.db.base import Base
from service.db.lifecycle import Priority, State
from service.reporting.decision import PolicyAction
from service.reporting.report import Profile, Verdict


def _as_it_came(context: DefaultExecutionContext) -> datetime:
    """Without a priority a scan's turn goes by its arrival."""
    moment: datetime = context.get_current_parameters()[  # type: ignore[no-untyped-call]
        "created_at"
    ]
    return moment


class ScanRow(Base):
    """One scan. The row is the truth; a queue message only wakes a worker for it."""

    __tablename__ = "scan"
    __table_args__ = (
        Index("scan_of_tenant", "tenant", "id"),
        Index("scan_in_flight", "tenant", "state"),
        Index("scan_lease", "state", "lease_until"),
        Index("scan_sent", "state", "queue", "enqueued_at"),
        Index("scan_due", "due_at"),
        Index("scan_blob", "blob"),
        Index("scan_preview", "preview"),
        Index("scan_action", "tenant", "action", "id"),
        Index("scan_turn", "state", "queue", "turn_at"),
        Index("scan_by_state", "tenant", "state", "id"),
        Index("scan_by_verdict", "tenant", "verdict", "id"),
        Index("scan_by_sha256", "tenant", "sha256", "id"),
        Index("scan_by_reference", "tenant", "reference", "id"),
        Index("scan_by_signer", "tenant", "signer", "id"),
        Index("scan_quarantined", "quarantined_at"),
        Index("scan_by_name", "tenant", "name", "id"),
        Index("scan_by_size", "tenant", "size", "id"),
        Index(
            "scan_by_assignee",
            *("tenant", "assignee", "id"),
            sqlite_where=text("assignee IS NOT NULL"),
            postgresql_where=text("assignee IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    state: Mapped[State]
    profile: Mapped[Profile]
    queue: Mapped[str] = mapped_column(String(32))
    kind: Mapped[Kind | None]  # null: no classifier is for it
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(127))
    blob: Mapped[str | None] = mapped_column(String(127))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # what the blob is sealed with
    parts: Mapped[list[int] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # sizes of the segments that were joined into the blob
    preview: Mapped[str | None] = mapped_column(String(127))
    created_at: Mapped[datetime]
    enqueued_at: Mapped[datetime | None]  # somebody undertook to send the message; null: nobody
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]  # when the last part goes
    due_at: Mapped[datetime | None]  # when to look for parts that go
    gone: Mapped[list[str]] = mapped_column(JSON, default=list)  # parts past their retention
    indexed: Mapped[bool] = mapped_column(default=False)  # it may hold an entry of the index
    stage: Mapped[Stage]
    done: Mapped[float] = mapped_column(Float)
    note: Mapped[str] = mapped_column(String(255))
    attempts: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str | None] = mapped_column(String(127))
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    failure_code: Mapped[str | None] = mapped_column(String(64))
    failure_sentence: Mapped[str | None] = mapped_column(Text)
    traceparent: Mapped[str | None] = mapped_column(String(55))  # of the request that sent it
    deaths: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # how attempts ended without a report, as `deaths.NotedDeath.stored`
    quarantined_at: Mapped[datetime | None]  # null: it is not in quarantine
    verdict: Mapped[Verdict | None]
    action: Mapped[PolicyAction | None]  # null: no policy decided
    reference: Mapped[str | None] = mapped_column(String(200))  # the client's own
    sender: Mapped[str | None] = mapped_column(String(127))  # the key or person; null: not counted
    assignee: Mapped[str | None] = mapped_column(String(127))  # the person it is left to
    priority: Mapped[Priority] = mapped_column(default=Priority.NORMAL)
    turn_at: Mapped[datetime] = mapped_column(default=_as_it_came)  # arrival less its head start
    signer: Mapped[str | None] = mapped_column(String(255))
    pins: Mapped[str | None] = mapped_column(
        String(64)
    )  # digest of what analysed it; null: this analysis is not to be repeated from
    labels: Mapped[list["LabelRow"]] = relationship(
        lazy="selectin", order_by="LabelRow.name", passive_deletes=True
    )


class LabelRow(Base):
    """One of the client's own labels of a scan, in a table of its own so that it can be found."""

    __tablename__ = "scan_label"
    __table_args__ = (Index("scan_by_label", "tenant", "name", "value", "scan_id"),)

    scan_id: Mapped[str] = mapped_column(
        String(26), ForeignKey("scan.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    value: Mapped[str] = mapped_column(String(200))


class ReportRow(Base):
    """The report of a finished scan, apart from it so that lists and heartbeats stay small."""

    __tablename__ = "report"

    scan_id: Mapped[str] = mapped_column(
        String(26), ForeignKey("scan.id", ondelete="CASCADE"), primary_key=True
    )
    tenant: Mapped[str] = mapped_column(String(63))
    document: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(Text)  # detached JWS over the canonical JSON


class WorkerRow(Base):
    """A worker process and when it last said that it lives. Workers serve every tenant."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(127), primary_key=True)
    queues: Mapped[str] = mapped_column(String(255))
    seen_at: Mapped[datetime]
    pins: Mapped[str | None] = mapped_column(String(64))  # digest of what it analyses with
    reconciled_at: Mapped[datetime | None]  # when it last finished a round of the reconciler
