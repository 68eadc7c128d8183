"""Notes over HTTP: what people write about a scan, changed only by whoever read the text before."""

from typing import Annotated, Final, Self

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.access.principal import Scope
from service.api.access import ThePrincipal, TheScans, needs
from service.api.forms import WRITTEN
from service.api.paging import GREATEST, Before, Limit
from service.api.problems import documented
from service.api.scans import NO_REPORT, ScanId
from service.db.notes import Note
from service.errors import InvalidRequest, ScanNotFound
from service.scans.refusals import NoteChanged, NoteNotFound

router = APIRouter(prefix="/v1", tags=["notes"])

TEXT_LENGTH: Final = 2000

NoteId = Annotated[int, Path(ge=1, le=GREATEST, description="As answered when it was kept")]


class NewNote(BaseModel):
    """A note about the file of a scan, which needs a report."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        min_length=1,
        max_length=TEXT_LENGTH,
        pattern=WRITTEN,
        examples=["Asked the photographer for the original."],
    )


class ChangedNote(NewNote):
    """Another text for a note."""

    version: int = Field(ge=1, le=GREATEST, description="Of the text that this one replaces")


class NoteView(BaseModel):
    """A note as it is now."""

    id: int = Field(description="Later notes have greater ones")
    scan: str
    text: str
    version: int = Field(description="Greater by one with every change")
    actor: str = Field(description="Who wrote it", examples=["account:7"])
    created_at: AwareDatetime
    changed_by: str | None = Field(description="Who changed it last")
    changed_at: AwareDatetime | None

    @classmethod
    def of(cls, note: Note) -> Self:
        return cls(
            id=note.id,
            scan=note.scan_id,
            text=note.text,
            version=note.version,
            actor=note.actor,
            created_at=note.created_at,
            changed_by=note.changed_by,
            changed_at=note.changed_at,
        )


class NotePage(BaseModel):
    """Some notes about a scan, the newest first."""

    items: list[NoteView]
    next: int | None = Field(description="Send as `before` for the page after this one")


@router.post(
    "/scans/{scan_id}/notes",
    dependencies=[needs(Scope.SCANS_WRITE)],
    status_code=201,
    responses=documented(*NO_REPORT),
)
def create_note(
    scan_id: ScanId, note: NewNote, scans: TheScans, principal: ThePrincipal
) -> NoteView:
    """Write something about a scan for colleagues. It is deleted with the report."""
    scans.signature(scan_id)  # raises where there is no report to write about
    return NoteView.of(scans.team.add_note(scan_id, note.text, actor=principal.actor))


@router.get(
    "/scans/{scan_id}/notes",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def list_notes(
    scan_id: ScanId,
    scans: TheScans,
    limit: Limit = 20,
    before: Before = None,
) -> NotePage:
    """Every note about a scan, the newest first."""
    scan = scans.get(scan_id)
    found = scans.team.notes(scan.id, limit=limit + 1, before=before)
    items = [NoteView.of(note) for note in found[:limit]]
    return NotePage(items=items, next=items[-1].id if len(found) > limit else None)


@router.get(
    "/notes/{note_id}",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(NoteNotFound, InvalidRequest),
)
def read_note(note_id: NoteId, scans: TheScans) -> NoteView:
    """One note with the version that a change has to name."""
    return NoteView.of(scans.team.note(note_id))


@router.put(
    "/notes/{note_id}",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses=documented(NoteNotFound, NoteChanged, InvalidRequest),
)
def change_note(
    note_id: NoteId, note: ChangedNote, scans: TheScans, principal: ThePrincipal
) -> NoteView:
    """Give a note another text. Who names a version that is not its last changes nothing."""
    changed = scans.team.change_note(
        note_id, note.text, version=note.version, actor=principal.actor
    )
    return NoteView.of(changed)
