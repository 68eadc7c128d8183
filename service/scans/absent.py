"""What to answer whoever asks for a part that a scan does not have, or no longer."""

from collections.abc import Mapping
from typing import Final

from service.db.lifecycle import Scan, State
from service.db.retention_lifecycle import Part
from service.errors import (
    BytesGone,
    PreviewGone,
    ReportGone,
    ReportNotReady,
    ScanExpired,
    ScanFailed,
    ServiceError,
)
from service.scans.refusals import ScanCancelled

_GONE: Final[Mapping[Part, type[ServiceError]]] = {
    Part.BYTES: BytesGone,
    Part.PREVIEWS: PreviewGone,
    Part.REPORTS: ReportGone,
}


def why_no_report(scan: Scan) -> ServiceError:
    """What to raise for whoever asks for the report of a scan that has none."""
    if scan.state is State.EXPIRED:
        return ScanExpired(f"scan {scan.id} was deleted at the end of its retention")
    if scan.state is State.CANCELLED:
        return ScanCancelled("The scan was cancelled before it had a report.")
    if scan.failure is not None:
        return ScanFailed(f"{scan.failure.sentence} ({scan.failure.code})")
    if Part.REPORTS in scan.gone:
        return gone(scan, Part.REPORTS)
    return ReportNotReady(f"scan {scan.id} is {scan.state}")


def gone(scan: Scan, part: Part) -> ServiceError:
    """What to raise for whoever asks for a part that is past its retention."""
    return _GONE[part](f"scan {scan.id}: its receipts say what was removed and when")
