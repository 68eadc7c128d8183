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


def has_report(scan: Scan) -> bool:
    """Whether there is a report to read."""
    return scan.state is State.DONE and Part.REPORTS not in scan.gone


def why_no_report(scan: Scan) -> ServiceError:
    """What to raise for whoever asks for the report of a scan that has none."""
    if scan.state is State.EXPIRED:
        return ScanExpired(f"scan {scan.id} was deleted at the end of its retention")
    if scan.state is State.CANCELLED:
        return ScanCancelled("The scan was cancelled before it had a report.")
    if scan.failure is not None:
        return ScanFailed(f"{scan.failure.sentence} ({scan.failure.code})")
    if Part.REPORTS in scan.gone:
        return _gone(scan, Part.REPORTS)
    return ReportNotReady(f"scan {scan.id} is {scan.state}")


def check_there(scan: Scan, part: Part) -> None:
    """Raises `BytesGone`, `PreviewGone` or `ReportGone` for a part that is past its retention."""
    if part in scan.gone:
        raise _gone(scan, part)


def _gone(scan: Scan, part: Part) -> ServiceError:
    return _GONE[part](f"scan {scan.id}: its receipts say what was removed and when")
