"""Thumbnails in the credentials of a scan: which are offered, and those that a whole report holds."""

from collections.abc import Container
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from service.analysis.looking.catalogue import OF, THUMBNAILS, View
from service.db.lifecycle import Scan
from service.rendering.recorded import lie_outside, thumbnails_in
from service.reporting.report import Report
from service.scans.looking import Looking
from service.scans.use_cases import Scans

MOST_PATIENCE: Final = 5.0
"""Seconds that a document waits for thumbnails which are not drawn yet; it says what it does without."""


async def _looking(request: Request) -> Looking:
    return cast(Looking, request.app.state.looking)


async def _patience(request: Request) -> float:
    return cast(float, request.app.state.patience)


TheLooking = Annotated[Looking, Depends(_looking)]
ThePatience = Annotated[float, Depends(_patience)]


def thumbnails_offered(report: Report | None, there: Container[str]) -> tuple[str, ...]:
    """Names of the views that show thumbnails; of credentials outside the file, those that are there."""
    if report is None or report.provenance is None:
        return ()
    names = thumbnails_in(report.provenance)[:THUMBNAILS]
    if not lie_outside(report.provenance):
        return names
    return tuple(name for name in names if name in there)


def recorded(
    scans: Scans, scan: Scan, report: Report, looking: Looking, patience: float
) -> dict[str, bytes]:
    """The thumbnails of a scan by name, for a report that is one file by itself."""
    kind = report.subject.kind
    if kind is None or View.THUMBNAIL not in OF[kind]:
        return {}
    names = thumbnails_offered(report, looking.of(scan))
    return looking.pictures(scans, scan, names, seconds=min(patience, MOST_PATIENCE))
