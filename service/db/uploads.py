"""Every statement about resumable uploads. Changes of state are compare-and-set."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, literal, select, update
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.lifecycle import BlobKey, Failure, Upload, UploadState
from service.db.upload_tables import UploadRow

BATCH = 500


class UploadRows:
    """Uploads in the database, each of one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: Upload) -> None:
        row = UploadRow(
            id=new.id,
            tenant=new.tenant,
            state=new.state,
            name=new.name,
            size=new.size,
            received=new.received,
            sha256=new.sha256,
            blob=new.blob,
            secret=new.secret,
            created_at=new.created_at,
            expires_at=new.expires_at,
        )
        with self._database.write() as session:
            session.add(row)

    def get(self, tenant: str, upload_id: str) -> Upload | None:
        with self._database.read() as session:
            row = session.get(UploadRow, upload_id)
            return _upload(row) if row is not None and row.tenant == tenant else None

    def states(self, tenant: str, upload_ids: Sequence[str]) -> dict[str, UploadState]:
        """The state of each of at most 1,000 uploads that is there; all bytes are as good as
        complete."""
        mine = (UploadRow.tenant == tenant, UploadRow.id.in_(upload_ids))
        full = case(
            (UploadRow.state != UploadState.OPEN, UploadRow.state),
            (
                UploadRow.received == UploadRow.size,
                literal(UploadState.COMPLETE, UploadRow.state.type),
            ),
            else_=UploadRow.state,
        )
        with self._database.read() as session:
            rows = session.execute(select(UploadRow.id, full).where(*mine))
            return {row[0]: row[1] for row in rows}

    def announce(self, upload: Upload, size: int) -> bool:
        """Say how many bytes there will be; False when somebody said so before."""
        with self._database.write() as session:
            return _changed(session, upload, UploadRow.size.is_(None), size=size)

    def advance(self, upload: Upload, received: int, expires_at: datetime) -> bool:
        """Record durable bytes; False when the upload is gone or not where it was."""
        at = UploadRow.received == upload.received
        with self._database.write() as session:
            return _changed(session, upload, at, received=received, expires_at=expires_at)

    def complete(self, upload: Upload, sha256: str) -> bool:
        at = UploadRow.received == upload.received
        with self._database.write() as session:
            return _changed(session, upload, at, state=UploadState.COMPLETE, sha256=sha256)

    def fail(self, upload: Upload, failure: Failure) -> bool:
        with self._database.write() as session:
            return _changed(
                session,
                upload,
                state=UploadState.FAILED,
                secret=None,
                failure_code=failure.code,
                failure_sentence=failure.sentence,
            )

    def delete(self, tenant: str, upload_id: str) -> Upload | None:
        """Forget an upload; what it was, None if there was none."""
        with self._database.write() as session:
            row = session.get(UploadRow, upload_id, with_for_update=True)
            if row is None or row.tenant != tenant:
                return None
            upload = _upload(row)
            session.delete(row)
            return upload

    def expire(self, now: datetime) -> tuple[Upload, ...]:
        """Forget uploads that nobody went on with in time; what they were."""
        due = select(UploadRow).where(UploadRow.expires_at < now).order_by(UploadRow.expires_at)
        with self._database.write() as session:
            rows = session.scalars(due.limit(BATCH).with_for_update(skip_locked=True)).all()
            uploads = tuple(map(_upload, rows))
            session.execute(delete(UploadRow).where(UploadRow.id.in_([row.id for row in rows])))
        return uploads


def use(session: Session, upload: Upload, scan_id: str) -> bool:
    """Inside the transaction that adds the scan: the bytes are the scan's; False if used before."""
    statement = (
        update(UploadRow)
        .where(UploadRow.id == upload.id, UploadRow.state == UploadState.COMPLETE)
        .values(state=UploadState.USED, scan_id=scan_id, secret=None)
    )
    return bool(session.connection().execute(statement).rowcount)


def _changed(
    session: Session, upload: Upload, *conditions: ColumnElement[bool], **values: object
) -> bool:
    mine = (UploadRow.id == upload.id, UploadRow.state == UploadState.OPEN)
    statement = update(UploadRow).where(*mine, *conditions).values(**values)
    return bool(session.connection().execute(statement).rowcount)


def _upload(row: UploadRow) -> Upload:
    failure = None
    if row.failure_code is not None:
        failure = Failure(row.failure_code, row.failure_sentence or "")
    return Upload(
        id=row.id,
        tenant=row.tenant,
        state=row.state,
        name=row.name,
        size=row.size,
        received=row.received,
        sha256=row.sha256,
        blob=BlobKey(row.blob),
        secret=row.secret,
        created_at=row.created_at,
        expires_at=row.expires_at,
        failure=failure,
        scan_id=row.scan_id,
    )
