"""What a link shows to others: one report, read-only, and nothing of whoever made it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from service.access.tenants import let_in
from service.api.access import PUBLIC, TheInstallation, TheOrganisation, TheRoot
from service.api.links import SHARED
from service.api.sessions import people_of
from service.db.links import Link
from service.errors import PreviewNotFound
from service.language.spoken import N_, _
from service.rendering.render import BARE
from service.rendering.view import view
from service.reporting.discreet import discreet
from service.reporting.report import Report, read
from service.reporting.translated import translated
from service.scans.refusals import LinkNotFound
from service.scans.use_cases import Scans
from service.web.frame import Frame
from service.web.pages import page

router = APIRouter(prefix=SHARED, include_in_schema=False, default_response_class=HTMLResponse)

REPEATS: Final = N_(
    "This report repeats an earlier analysis of the same content. The link does not tell which scan that was, "
    "so this copy has no signature: ask for the signed report if you need it."
)
"""Among the warnings of a report that is shown without the id of another scan."""

HEADERS: Final = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",  # the address is the secret
}
"""Of every answer below it, refusals included."""


def _followed(
    request: Request,
    everything: TheInstallation,
    secret: Annotated[str, Path(max_length=64)],
) -> tuple[Link, Scans]:
    """The link, and the scans of whoever made it.

    Raises `LinkNotFound`, `LinkExpired`, `LinkRevoked`, `TenantSuspended`.
    """
    link = everything.team.opened(secret)
    let_in(people_of(request).tenants.get(link.tenant))
    return link, everything.of(link.tenant)


Followed = Annotated[tuple[Link, Scans], Depends(_followed)]


@router.get("/{secret}", dependencies=[PUBLIC])
def show(
    request: Request,
    followed: Followed,
    secret: str,
    root: TheRoot,
    organisation: TheOrganisation,
) -> HTMLResponse:
    """The report as its own page shows it, without notes, reviews or the file."""
    link, scans = followed
    report = scans.report(link.scan_id)
    scans.team.shown(link)
    shown, files = _shown(link, report), f"{root}{SHARED}/{secret}"
    content = page(
        "shared.html",
        Frame(root, query=request.url.query),
        link=link,
        report=translated(shown),
        view=view(translated(shown)),
        picture=f"{files}/preview" if scans.preview(link.scan_id) is not None else None,
        media=None,
        whole=f"{files}/report",
        repeats=_(REPEATS) if report.reused is not None else None,
        signature=f"{files}/signature" if _is_whole(link, report) else None,
        organisation=organisation,
        **BARE,
    )
    return HTMLResponse(content)


@router.get("/{secret}/preview", dependencies=[PUBLIC])
def preview(followed: Followed) -> Response:
    """The picture of the file."""
    link, scans = followed
    found = scans.preview(link.scan_id)
    if found is None:
        raise PreviewNotFound("this report has no picture")
    return Response(found, media_type="image/jpeg")


@router.get("/{secret}/report", dependencies=[PUBLIC])
def document(followed: Followed) -> Response:
    """The report as it was signed; without what the link does not show, and then unsigned."""
    link, scans = followed
    signed = scans.document(link.scan_id)
    report = read(signed)
    whole = _is_whole(link, report)
    document = signed if whole else _shown(link, report).model_dump_json(indent=2)
    headers = {"Content-Disposition": 'attachment; filename="report.json"'}
    return Response(document, media_type="application/json", headers=headers)


@router.get("/{secret}/signature", dependencies=[PUBLIC])
def signature(followed: Followed) -> Response:
    """Its detached signature. Raises `LinkNotFound` where the link shows less than was signed."""
    link, scans = followed
    if not _is_whole(link, scans.report(link.scan_id)):
        raise LinkNotFound("this link shows less than was signed")
    headers = {"Content-Disposition": 'attachment; filename="report.jws"'}
    found = scans.signature(link.scan_id)
    return PlainTextResponse(found, media_type="application/jose", headers=headers)


def _shown(link: Link, report: Report) -> Report:
    """Without the id of the earlier scan whose analysis it repeats, and what its maker left out."""
    alone = report if report.reused is None else _alone(report)
    return alone if link.author_and_place else discreet(alone)


def _alone(report: Report) -> Report:
    """A report that repeats another scan, without its id."""
    found = report.provenance
    if found is not None:
        found = found.model_copy(update={"warnings": (*found.warnings, REPEATS)})
    return report.model_copy(update={"reused": None, "provenance": found})


def _is_whole(link: Link, report: Report) -> bool:
    """Whether the link shows all that was signed."""
    return link.author_and_place and report.reused is None
