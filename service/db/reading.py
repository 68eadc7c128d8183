"""A row of the table of scans as everybody else sees it."""

from service.analysis.progress import Progress
from service.db.deaths import NotedDeath
from service.db.lifecycle import Failure, Review, Scan
from service.db.models import ScanRow


def scan_of(row: ScanRow, review: Review | None = None) -> Scan:
    """The scan of a row; `review` is its latest."""
    failure = None
    if row.failure_code is not None:
        failure = Failure(row.failure_code, row.failure_sentence or "")
    return Scan(
        id=row.id,
        tenant=row.tenant,
        state=row.state,
        profile=row.profile,
        kind=row.kind,
        name=row.name,
        sha256=row.sha256,
        size=row.size,
        media_type=row.media_type,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        progress=Progress(row.stage, row.done, row.note),
        attempts=row.attempts,
        failure=failure,
        verdict=row.verdict,
        action=row.action,
        review=review,
        reference=row.reference,
        labels={label.name: label.value for label in row.labels},
        priority=row.priority,
        sender=row.sender,
        assignee=row.assignee,
        signer=row.signer,
        gone=tuple(row.gone),
        pictured=row.preview is not None,
        sealed=row.secret is not None,
        deaths=tuple(NotedDeath.read(stored) for stored in row.deaths or ()),
        quarantined_at=row.quarantined_at,
    )
