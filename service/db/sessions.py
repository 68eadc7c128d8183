"""Every statement about sessions of browsers, and about failed attempts to begin one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.db.account_tables import AccountRow, AttemptRow, SessionRow
from service.db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session with what is needed of its account. Times are aware and in UTC."""

    id: str
    token: str  # sha256
    tenant: str
    account_id: str
    account_name: str
    role: str
    csrf: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class SessionRows:
    """Sessions in the database; those of disabled accounts are not found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, new: StoredSession, *, instead_of: str | None) -> None:
        """Add a session; the one with the token's hash `instead_of` ends, as do those expired."""
        row = SessionRow(
            token=new.token,
            id=new.id,
            tenant=new.tenant,
            account_id=new.account_id,
            csrf=new.csrf,
            agent=new.agent,
            created_at=new.created_at,
            seen_at=new.seen_at,
            expires_at=new.expires_at,
        )
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= new.created_at))
            if instead_of is not None:
                session.execute(delete(SessionRow).where(SessionRow.token == instead_of))
            session.add(row)

    def find(self, token: str, now: datetime, *, seen_since: datetime) -> StoredSession | None:
        """The session with this hash, unless it expired or nobody was there since `seen_since`."""
        query = _joined().where(
            SessionRow.token == token,
            SessionRow.expires_at > now,
            SessionRow.seen_at > seen_since,
        )
        with self._database.read() as session:
            found = session.execute(query).one_or_none()
            return _stored(found[0], found[1]) if found is not None else None

    def of(
        self, account_id: str, now: datetime, *, seen_since: datetime
    ) -> tuple[StoredSession, ...]:
        """The sessions of an account that are good, the one seen last first."""
        query = _joined().where(
            SessionRow.account_id == account_id,
            SessionRow.expires_at > now,
            SessionRow.seen_at > seen_since,
        )
        with self._database.read() as session:
            found = session.execute(query.order_by(SessionRow.seen_at.desc())).all()
        return tuple(_stored(row, account) for row, account in found)

    def seen(self, token: str, now: datetime) -> None:
        with self._database.write() as session:
            mine = update(SessionRow).where(SessionRow.token == token)
            session.execute(mine.values(seen_at=now))

    def act_in(self, token: str, tenant: str) -> None:
        """From now on this session acts in another tenant."""
        with self._database.write() as session:
            mine = update(SessionRow).where(SessionRow.token == token)
            session.execute(mine.values(tenant=tenant))

    def end(self, token: str) -> None:
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.token == token))

    def end_one(self, account_id: str, session_id: str) -> None:
        """End one of an account's own sessions."""
        mine = delete(SessionRow).where(SessionRow.account_id == account_id)
        with self._database.write() as session:
            session.execute(mine.where(SessionRow.id == session_id))

    def end_all(self, account_id: str) -> None:
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.account_id == account_id))


class AttemptRows:
    """Leaky buckets, one row each: `until` is when the bucket will be empty."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, buckets: Mapping[str, tuple[timedelta, int]], now: datetime) -> timedelta | None:
        """Take one from every bucket (interval, size), or from none and say how long to wait.

        Exact whatever number of processes asks at once.
        """
        wait = timedelta()
        with self._database.write() as session:
            rows = self._locked(session, buckets, now)
            for row in rows:
                interval, size = buckets[row.subject]
                wait = max(wait, max(row.until, now) + interval - now - interval * size)
            if wait > timedelta():
                return wait
            for row in rows:
                row.until = max(row.until, now) + buckets[row.subject][0]
        return None

    def give_back(self, buckets: Mapping[str, tuple[timedelta, int]]) -> None:
        with self._database.write() as session:
            for row in _for_update(session, buckets):
                row.until -= buckets[row.subject][0]

    def forget(self, now: datetime) -> None:
        """Delete the buckets that are empty; those in use at this moment stay for another time."""
        empty = select(AttemptRow.subject).where(AttemptRow.until < now)
        with self._database.write() as session:
            unused = empty.with_for_update(skip_locked=True)
            session.execute(delete(AttemptRow).where(AttemptRow.subject.in_(unused)))

    def _locked(
        self, session: Session, subjects: Iterable[str], now: datetime
    ) -> tuple[AttemptRow, ...]:
        """The rows of these subjects, made where there is none, that nobody else may change."""
        values = [{"subject": subject, "until": now} for subject in sorted(subjects)]
        kind = sqlite if self._database.engine.dialect.name == "sqlite" else postgresql
        adding = kind.insert(AttemptRow).values(values)
        locking = {"subject": adding.excluded.subject}
        session.execute(adding.on_conflict_do_update(index_elements=["subject"], set_=locking))
        return _for_update(session, subjects)


def _for_update(session: Session, subjects: Iterable[str]) -> tuple[AttemptRow, ...]:
    query = select(AttemptRow).where(AttemptRow.subject.in_(subjects)).order_by(AttemptRow.subject)
    return tuple(session.scalars(query.with_for_update()))


def _joined() -> Select[SessionRow, AccountRow]:
    return (
        select(SessionRow, AccountRow)
        .join(AccountRow, AccountRow.id == SessionRow.account_id)
        .where(AccountRow.disabled_at.is_(None))
    )


def _stored(row: SessionRow, account: AccountRow) -> StoredSession:
    return StoredSession(
        id=row.id,
        token=row.token,
        tenant=row.tenant,
        account_id=row.account_id,
        account_name=account.name,
        role=account.role,
        csrf=row.csrf,
        agent=row.agent,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )
