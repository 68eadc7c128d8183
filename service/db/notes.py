"""Every statement about notes: what people write about a scan, each text with its version."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from service.db import trail
from service.db.desk_tables import NoteRow
from service.db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wrote about a scan, and who changed it last if anybody did."""

    id: int  # later ones have greater ones
    scan_id: str
    text: str
    version: int  # greater by one with every change
    actor: str
    created_at: datetime
    changed_by: str | None
    changed_at: datetime | None


class NoteRows:
    """The notes of every tenant in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tenant: str, scan_id: str, *, text: str, actor: str, now: datetime) -> Note:
        """Keep a note about a scan that is known to be this tenant's."""
        row = NoteRow(
            tenant=tenant, scan_id=scan_id, text=text, version=1, actor=actor, created_at=now
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            trail.note(session, tenant, "scan.noted", f"scan:{scan_id}", note=row.id)
            return _note(row)

    def get(self, tenant: str, note_id: int) -> Note | None:
        with self._database.read() as session:
            row = session.get(NoteRow, note_id)
            return _note(row) if row is not None and row.tenant == tenant else None

    def page(
        self, tenant: str, scan_id: str, *, limit: int, before: int | None
    ) -> tuple[Note, ...]:
        """Those of one scan, the newest first, of those before one."""
        query = select(NoteRow).where(NoteRow.tenant == tenant, NoteRow.scan_id == scan_id)
        if before is not None:
            query = query.where(NoteRow.id < before)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(NoteRow.id.desc()).limit(limit)).all()
            return tuple(map(_note, rows))

    def change(
        self, tenant: str, note_id: int, *, version: int, text: str, actor: str, now: datetime
    ) -> Note | None:
        """The note with another text; None where it has another version by now, or is gone."""
        this = NoteRow.id == note_id, NoteRow.tenant == tenant, NoteRow.version == version
        values = {"text": text, "version": version + 1, "changed_by": actor, "changed_at": now}
        with self._database.write() as session:
            changed = session.connection().execute(update(NoteRow).where(*this).values(**values))
            if not changed.rowcount:
                return None
            row = session.get_one(NoteRow, note_id)
            object_ = f"scan:{row.scan_id}"
            trail.note(session, tenant, "scan.note_changed", object_, note=row.id)
            return _note(row)


def _note(row: NoteRow) -> Note:
    return Note(
        id=row.id,
        scan_id=row.scan_id,
        text=row.text,
        version=row.version,
        actor=row.actor,
        created_at=row.created_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
