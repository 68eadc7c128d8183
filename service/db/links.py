"""Every statement about links that show the report of one scan to whoever holds their secret."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from service.db import trail
from service.db.desk_tables import LinkRow
from service.db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as it is kept: its secret was told once, and only a hash of it is here."""

    id: str
    tenant: str
    scan_id: str
    actor: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    author_and_place: bool  # shown, where the file states them


class LinkRows:
    """The links of every tenant in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: Link, *, secret: str) -> None:
        """Keep a link to a scan that is known to be its tenant's; `secret` is the hash."""
        row = LinkRow(
            id=new.id,
            tenant=new.tenant,
            scan_id=new.scan_id,
            secret=secret,
            actor=new.actor,
            created_at=new.created_at,
            expires_at=new.expires_at,
            author_and_place=new.author_and_place,
        )
        with self._database.write() as session:
            session.add(row)
            trail.note(session, new.tenant, "scan.shared", f"scan:{new.scan_id}", link=new.id)

    def of_secret(self, secret: str) -> Link | None:
        """Whosever it is: who has the secret shows nothing else."""
        with self._database.read() as session:
            row = session.scalars(select(LinkRow).where(LinkRow.secret == secret)).one_or_none()
            return _link(row) if row is not None else None

    def get(self, tenant: str, link_id: str) -> Link | None:
        with self._database.read() as session:
            row = session.get(LinkRow, link_id)
            return _link(row) if row is not None and row.tenant == tenant else None

    def of_scan(self, tenant: str, scan_id: str, *, limit: int) -> tuple[Link, ...]:
        """The newest first, also those that lead nowhere any more."""
        query = select(LinkRow).where(LinkRow.scan_id == scan_id, LinkRow.tenant == tenant)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(LinkRow.created_at.desc()).limit(limit)).all()
            return tuple(map(_link, rows))

    def revoke(self, tenant: str, link_id: str, now: datetime) -> None:
        """From now on it leads nowhere; one that was revoked before is left as it is."""
        this = LinkRow.id == link_id, LinkRow.tenant == tenant, LinkRow.revoked_at.is_(None)
        with self._database.write() as session:
            revoke = update(LinkRow).where(*this).values(revoked_at=now)
            if session.connection().execute(revoke).rowcount:
                object_ = f"scan:{session.get_one(LinkRow, link_id).scan_id}"
                trail.note(session, tenant, "scan.link_revoked", object_, link=link_id)


def _link(row: LinkRow) -> Link:
    return Link(
        id=row.id,
        tenant=row.tenant,
        scan_id=row.scan_id,
        actor=row.actor,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        author_and_place=row.author_and_place,
    )
