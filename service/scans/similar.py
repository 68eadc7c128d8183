"""What looks or sounds like a file: scans of the same content, and originals of which it is a copy."""

from dataclasses import dataclass
from typing import Final

from provenance.similarity.result import Match
from service.db.lifecycle import Scan, State
from service.db.listing import Wanted
from service.reporting.report import Report
from service.scans.use_cases import Scans

MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Alike:
    """An original of the index that the file is a copy of, and the tenant's scans of it."""

    match: Match
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class Similar:
    """What is alike, the newest first."""

    same: tuple[Scan, ...]  # other scans of the very same bytes
    originals: tuple[Alike, ...]


def similar(scans: Scans, scan: Scan, report: Report | None) -> Similar:
    """Of this tenant's scans. Originals are those of the scan's `report`, if it has one."""
    originals = () if report is None else report.matches
    return Similar(
        same=_of_content(scans, scan.sha256, but=scan.id),
        originals=tuple(
            Alike(match, _of_content(scans, match.original.sha256, but=scan.id))
            for match in originals
            if match.original.sha256 != scan.sha256
        ),
    )


def _of_content(scans: Scans, sha256: str, *, but: str) -> tuple[Scan, ...]:
    found = scans.list(limit=MOST + 1, wanted=Wanted(sha256=sha256)).items
    kept = (item for item in found if item.id != but and item.state is not State.EXPIRED)
    return tuple(kept)[:MOST]
