"""The part of a report's page where people work together: whom it is left to, links, the history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.access.principal import LOCAL, Principal, Scope
from service.api.access import ThePrincipal, TheRoot, TheScans, needs
from service.api.assignment import assign
from service.api.forms import Fields, fields
from service.api.links import LinkId, address_of
from service.api.notes import TEXT_LENGTH
from service.api.scans import ScanId
from service.api.sessions import people_of
from service.db.lifecycle import Scan
from service.db.links import Link
from service.db.notes import Note
from service.db.teamwork import Deed
from service.errors import InvalidRequest
from service.language.spoken import Words, _
from service.reporting.report import Verdict
from service.reporting.wording import VERDICTS
from service.scans.teamwork import LOOKED, SHOWN
from service.scans.use_cases import Scans
from service.web.frame import TheFrame, render
from service.web.who import Who

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LISTED: Final = 50
DAYS: Final = Words({"1": "one day", "7": "a week", "30": "30 days"})
"""How long a link can be good that is made on the page."""

_DEEDS: Final = Words(
    {
        "scan.accepted": "sent the file",
        "scan.done": "made the report",
        "scan.failed": "could not analyse it",
        "scan.cancelled": "cancelled the scan",
        "scan.reduced.retention": "deleted what was past its retention",
        "scan.reviewed": "reviewed it",
        "scan.noted": "wrote a note",
        "scan.note_changed": "changed a note",
        "scan.assigned": "left it to nobody",
        "scan.shared": "made a link for others",
        "scan.link_revoked": "took a link back",
        LOOKED: "looked at the report",
        SHOWN: "saw the report",
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the history in words."""

    at: datetime
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Shared:
    """A link as the page lists it; `state` says whether it still leads anywhere."""

    link: Link
    state: str


@dataclass(frozen=True, slots=True)
class Together:
    """What the section shows."""

    notes: tuple[Note, ...]
    links: tuple[Shared, ...]
    history: tuple[Change, ...]
    who: Who
    days: Mapping[str, str]
    text_length: int


def together(scans: Scans, scan: Scan, who: Who) -> Together:
    """Of a scan that has a report."""
    team = scans.team
    links = team.links(scan.id, limit=LISTED)
    return Together(
        notes=team.notes(scan.id, limit=LISTED),
        links=tuple(Shared(link, _state(link, over=team.is_over(link))) for link in links),
        history=tuple(_change(deed, who) for deed in team.history(scan.id, limit=LISTED)),
        who=who,
        days=DAYS,
        text_length=TEXT_LENGTH,
    )


def note_look(scans: Scans, scan_id: str, principal: Principal) -> None:
    """For the history; where a service is one person's own there is nobody to tell apart."""
    if principal.actor != LOCAL:
        scans.team.looked(scan_id, principal.actor)


@router.post("/scans/{scan_id}/assignee", dependencies=[needs(Scope.SCANS_WRITE)])
def leave_to(
    request: Request,
    scan_id: ScanId,
    scans: TheScans,
    principal: ThePrincipal,
    root: TheRoot,
    form: Annotated[Fields, Depends(fields("assignee"))],
) -> RedirectResponse:
    """Nobody where the form names nobody."""
    assign(scans, scan_id, people_of(request), principal, form["assignee"] or None)
    return RedirectResponse(f"{root}/scans/{scan_id}#together", status_code=303)


@router.post("/scans/{scan_id}/links", dependencies=[needs(Scope.SCANS_WRITE)])
def share(
    request: Request,
    scan_id: ScanId,
    scans: TheScans,
    principal: ThePrincipal,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("days", "author_and_place"))],
) -> Response:
    """Make a link, and show it this once."""
    if form["days"] not in DAYS:
        raise InvalidRequest(f"a link is good for {', '.join(DAYS)} days")
    scans.signature(scan_id)  # raises where there is no report to show
    life = timedelta(days=int(form["days"]))
    link, secret = scans.team.share(
        scan_id, life, actor=principal.actor, author_and_place=form["author_and_place"] == "yes"
    )
    site = str(request.base_url).rstrip("/").removesuffix(frame.root)
    address = address_of(secret, f"{site}{frame.root}")
    return HTMLResponse(render("link_made.html", frame, link=link, address=address))


@router.post("/links/{link_id}/revoke", dependencies=[needs(Scope.SCANS_WRITE)])
def revoke(link_id: LinkId, scans: TheScans, root: TheRoot) -> RedirectResponse:
    link = scans.team.revoke(link_id)
    return RedirectResponse(f"{root}/scans/{link.scan_id}#together", status_code=303)


def _state(link: Link, *, over: bool) -> str:
    if link.revoked_at is not None:
        return _("taken back")
    return _("expired") if over else ""


def _change(deed: Deed, who: Who) -> Change:
    what = _DEEDS[deed.deed]
    if deed.deed == "scan.assigned" and "to" in deed.detail:
        what = _("left it to {who}", who=who(deed.detail["to"]))
    if deed.deed == "scan.done" and deed.detail.get("verdict") in set(Verdict):
        what = f"{what}: {VERDICTS[Verdict(deed.detail['verdict'])]}"
    return Change(at=deed.at, who=who(deed.actor), what=what)
