"""Every statement about views: asked for once, drawn by one worker, forgotten with their scan."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.lifecycle import BlobKey, Failure
from service.db.models import ScanRow
from service.db.retention import ANEW, Keeping
from service.db.retention_lifecycle import Part
from service.db.view_tables import ViewRow

MOST: Final = 240
"""Views kept of one scan; beyond that the ones asked for longest ago make room."""

RING_AGAIN: Final = timedelta(seconds=15)
"""A message that woke nobody for this long counts as lost."""

ABANDONED: Final = timedelta(minutes=5)
"""A worker that took a view and has not drawn it by then is gone."""


GONE: Final = Failure("blob_missing", "The file was deleted before the view was drawn.")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view as of now: with a blob it is drawn, with a failure it cannot be."""

    name: str
    blob: BlobKey | None
    media_type: str | None
    sentences: tuple[str, ...]
    failure: Failure | None
    rings: bool = False  # whoever asked has to wake a worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A view that one worker draws now; `other` is there for comparisons."""

    id: int
    tenant: str
    name: str
    blob: BlobKey
    other: BlobKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A view as it is kept."""

    blob: BlobKey
    media_type: str
    sentences: tuple[str, ...]


class ViewRows:
    """Views in the database. Safe from any number of processes."""

    def __init__(self, database: Database, keeping: Keeping) -> None:
        self._database = database
        self._keeping = keeping

    def may_keep(self, scan_id: str) -> bool:
        """Whether pictures of this scan's file may outlive it."""
        with self._database.read() as session:
            row = session.get(ScanRow, scan_id)
            return row is not None and Part.PREVIEWS in self._keeping.outliving(session, row)

    def of(self, scan_id: str) -> tuple[View, ...]:
        """Those that were asked for, the first one first."""
        query = select(ViewRow).where(ViewRow.scan_id == scan_id).order_by(ViewRow.id)
        with self._database.read() as session:
            return tuple(_view(row) for row in session.scalars(query))

    def find(self, scan_id: str, name: str) -> View | None:
        """One of them, if somebody asked for it."""
        with self._database.read() as session:
            row = session.scalar(_named(scan_id, name))
            return None if row is None else _view(row)

    def ask(self, tenant: str, scan_id: str, name: str, other: str | None, now: datetime) -> View:
        """The view; one that nobody asked for yet, or whose message was lost, has to be rung for."""
        with self._database.write() as session:
            row = session.scalar(_named(scan_id, name).with_for_update())
            if row is None:
                row = ViewRow(
                    tenant=tenant,
                    scan_id=scan_id,
                    name=name,
                    other=other,
                    asked_at=now,
                    rung_at=now,
                    sentences=[],
                )
                session.add(row)
                session.flush()
                return _view(row, rings=True)
            waits = row.blob is None and row.failure_code is None
            rings = waits and not now - RING_AGAIN < row.rung_at <= now
            if rings:
                row.rung_at = now
            return _view(row, rings=rings)

    def surplus(self, scan_id: str) -> tuple[BlobKey, ...]:
        """Forget what is beyond `MOST`, the oldest first; where those pictures lie."""
        query = select(ViewRow).where(ViewRow.scan_id == scan_id).order_by(ViewRow.id.desc())
        with self._database.write() as session:
            rows = session.scalars(query.offset(MOST)).all()
            for row in rows:
                session.delete(row)
            return tuple(BlobKey(row.blob) for row in rows if row.blob is not None)

    def take(self, scan_id: str, now: datetime) -> Order | None:
        """A view of this scan that nobody draws yet, the one asked for first.

        Those whose files are gone meanwhile are refused on the way.
        """
        waits = and_(ViewRow.blob.is_(None), ViewRow.failure_code.is_(None))
        free = or_(ViewRow.taken_at.is_(None), ViewRow.taken_at < now - ABANDONED)
        query = select(ViewRow).where(ViewRow.scan_id == scan_id, waits, free)
        with self._database.write() as session:
            for row in session.scalars(query.order_by(ViewRow.id).with_for_update()).all():
                blob = _blob(session, row.scan_id)
                other = None if row.other is None else _blob(session, row.other)
                if blob is None or (row.other is not None and other is None):
                    row.failure_code, row.failure_sentence = GONE.code, GONE.sentence
                    continue
                row.taken_at = now
                return Order(id=row.id, tenant=row.tenant, name=row.name, blob=blob, other=other)
        return None

    def drawn(self, order: Order, picture: Picture) -> bool:
        """Keep what was drawn; False if the view was forgotten meanwhile, or somebody drew it."""
        with self._database.write() as session:
            row = session.get(ViewRow, order.id, with_for_update=True)
            if row is None or row.blob is not None:
                return False
            row.blob, row.media_type = picture.blob, picture.media_type
            row.sentences = list(picture.sentences)
            shown = ScanRow.id.in_([id_ for id_ in (row.scan_id, row.other) if id_ is not None])
            # A scan without a preview has nothing to be due with; now it has.
            anew = update(ScanRow).where(shown, ScanRow.preview.is_(None)).values(due_at=ANEW)
            session.execute(anew)
            return True

    def refuse(self, order: Order, failure: Failure) -> None:
        """Say why it cannot be drawn, for good."""
        with self._database.write() as session:
            row = session.get(ViewRow, order.id)
            if row is not None:
                row.failure_code, row.failure_sentence = failure.code, failure.sentence


def _named(scan_id: str, name: str) -> Select[ViewRow]:
    return select(ViewRow).where(ViewRow.scan_id == scan_id, ViewRow.name == name)


def _blob(session: Session, scan_id: str) -> BlobKey | None:
    row = session.get(ScanRow, scan_id)
    if row is None or row.blob is None or row.secret is not None:
        return None
    return BlobKey(row.blob)


def _view(row: ViewRow, *, rings: bool = False) -> View:
    failure = None
    if row.failure_code is not None:
        failure = Failure(row.failure_code, row.failure_sentence or "")
    return View(
        name=row.name,
        blob=None if row.blob is None else BlobKey(row.blob),
        media_type=row.media_type,
        sentences=tuple(row.sentences),
        failure=failure,
        rings=rings,
    )
