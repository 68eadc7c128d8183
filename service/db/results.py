"""What an analysis came to, as the rows of a scan and of its report keep it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.analysis.progress import Stage
from service.db.lifecycle import BlobKey, State
from service.db.models import ReportRow
from service.db.view_tables import ViewRow
from service.db.views import Picture
from service.reporting.decision import PolicyAction
from service.reporting.report import Verdict

SIGNER_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A report as JSON, and the detached JWS that vouches for it."""

    document: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an analysis came to, as it is kept."""

    signed: SignedDocument
    verdict: Verdict
    action: PolicyAction | None
    signer: str | None
    pins: str | None  # None: not to be repeated for the same content
    preview: BlobKey | None
    recorded: tuple[tuple[str, Picture], ...] = ()  # views drawn with it, by name
    indexed: bool = False  # the index of known media gets an entry


def done(result: Result, now: datetime) -> dict[str, object]:
    """The columns of a scan that is done."""
    return {
        "state": State.DONE,
        "lease": None,
        "lease_until": None,
        "finished_at": now,
        "stage": Stage.REPORT,
        "done": 1.0,
        "note": "",
        "verdict": result.verdict,
        "action": result.action,
        "signer": result.signer[:SIGNER_LENGTH] if result.signer else None,
        "pins": result.pins,
        "preview": result.preview,
        "indexed": result.indexed,
    }


def report_row(scan_id: str, tenant: str, signed: SignedDocument) -> ReportRow:
    """The row of its report."""
    return ReportRow(
        scan_id=scan_id, tenant=tenant, document=signed.document, signature=signed.signature
    )


def view_rows(
    scan_id: str, tenant: str, recorded: tuple[tuple[str, Picture], ...], now: datetime
) -> list[ViewRow]:
    """The rows of the views that were drawn while the file was analysed."""
    return [
        ViewRow(
            tenant=tenant,
            scan_id=scan_id,
            name=name,
            asked_at=now,
            rung_at=now,
            blob=picture.blob,
            media_type=picture.media_type,
            sentences=list(picture.sentences),
        )
        for name, picture in recorded
    ]
