"""Notes on the page of a report: written, changed, and no text lost that somebody typed."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from service.access.principal import Scope
from service.api.access import ThePrincipal, TheRoot, TheScans, needs
from service.api.forms import Fields, fields, written
from service.api.notes import TEXT_LENGTH, ChangedNote, NewNote, NoteId
from service.api.scans import ScanId
from service.db.notes import Note
from service.errors import InvalidRequest
from service.scans.refusals import NoteChanged
from service.web.frame import Frame, TheFrame, render
from service.web.keeping import keeping

_UNFIT: Final = f"A note has 1 to {TEXT_LENGTH} characters, and no control characters."
_FASTER: Final = (
    "Somebody changed this note while you wrote. Their text stays for now, and yours is not saved "
    "yet: both are below."
)


def _kept_without_session(request: Request, frame: Frame, form: Fields, sentence: str) -> str:
    return _kept(frame, request.url.path.removeprefix(frame.root), form, sentence)


router = APIRouter(
    include_in_schema=False,
    default_response_class=HTMLResponse,
    route_class=keeping(_kept_without_session),
)


@router.post("/scans/{scan_id}/notes", dependencies=[needs(Scope.SCANS_WRITE)])
def add(
    scan_id: ScanId,
    scans: TheScans,
    principal: ThePrincipal,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("text", "version"))],
) -> Response:
    """Keep a note, and show the report again."""
    scans.signature(scan_id)  # raises where there is no report to write about
    try:
        new = NewNote(text=written(form, "text"))
    except ValidationError:
        page = _kept(frame, f"/scans/{scan_id}/notes", form, _UNFIT)
        return HTMLResponse(page, status_code=422)
    scans.team.add_note(scan_id, new.text, actor=principal.actor)
    return _back(frame.root, scan_id)


@router.get("/notes/{note_id}", dependencies=[needs(Scope.SCANS_WRITE)])
def ask(note_id: NoteId, scans: TheScans, frame: TheFrame) -> str:
    """The form that changes a note."""
    note = scans.team.note(note_id)
    typed = {"text": note.text, "version": str(note.version)}
    return _kept(frame, f"/notes/{note_id}", typed, "", note=note)


@router.post("/notes/{note_id}", dependencies=[needs(Scope.SCANS_WRITE)])
def change(
    note_id: NoteId,
    scans: TheScans,
    principal: ThePrincipal,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("text", "version"))],
) -> Response:
    """Give a note another text; whoever was slower sees both, and chooses."""
    note = scans.team.note(note_id)
    if not form["version"].isdecimal():
        raise InvalidRequest("the form does not say which text it replaces")
    try:
        new = ChangedNote(text=written(form, "text"), version=int(form["version"][:9]))
        scans.team.change_note(note_id, new.text, version=new.version, actor=principal.actor)
    except ValidationError:
        page = _kept(frame, f"/notes/{note_id}", form, _UNFIT, note=note)
        return HTMLResponse(page, status_code=422)
    except NoteChanged as error:
        note = scans.team.note(note_id)
        typed = {"text": form["text"], "version": str(note.version)}
        page = _kept(frame, f"/notes/{note_id}", typed, _FASTER, note=note, other=note.text)
        return HTMLResponse(page, status_code=error.status)
    return _back(frame.root, note.scan_id)


def _back(root: TheRoot, scan_id: str) -> RedirectResponse:
    return RedirectResponse(f"{root}/scans/{scan_id}#together", status_code=303)


def _kept(
    frame: Frame,
    action: str,
    form: Fields,
    sentence: str,
    *,
    note: Note | None = None,
    other: str | None = None,
) -> str:
    """The form with what was typed; `other` is the text that somebody else saved meanwhile."""
    return render(
        "note_kept.html",
        frame,
        action=action,
        typed={"text": form.get("text", ""), "version": form.get("version", "")},
        sentence=sentence,
        note=note,
        other=other,
        text_length=TEXT_LENGTH,
    )
