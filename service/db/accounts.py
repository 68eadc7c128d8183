"""Every statement about accounts and who they are at OpenID providers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.account_tables import AccountRow, IdentityRow, SessionRow
from service.db.engine import Database
from service.db.trail import note


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccount:
    """An account as the database holds it. Times are aware and in UTC."""

    id: str
    tenant: str
    name: str
    role: str
    password: str | None
    created_at: datetime
    signed_in_at: datetime | None = None
    disabled_at: datetime | None = None
    link_until: datetime | None = None


class AccountRows:
    """Accounts in the database. Changes that take rights away end the sessions with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def any(self) -> bool:
        """Whether there is an account at all."""
        with self._database.read() as session:
            return session.scalar(select(AccountRow.id).limit(1)) is not None

    def add(self, new: StoredAccount, *, link: str | None = None) -> bool:
        """False if the name is taken."""
        try:
            with self._database.write() as session:
                session.add(_row(new, link))
                note(session, new.tenant, "account.created", f"account:{new.id}", role=new.role)
        except IntegrityError:
            return False
        return True

    def by_id(self, account_id: str) -> StoredAccount | None:
        return self._one(AccountRow.id == account_id)

    def by_name(self, name: str) -> StoredAccount | None:
        return self._one(AccountRow.name == name)

    def by_link(self, link: str, now: datetime) -> StoredAccount | None:
        """Whose one-time link this is the hash of, while it is good."""
        return self._one(AccountRow.link == link, AccountRow.link_until > now)

    def by_identity(self, issuer: str, subject: str) -> StoredAccount | None:
        query = (
            select(AccountRow)
            .join(IdentityRow, IdentityRow.account_id == AccountRow.id)
            .where(IdentityRow.issuer == issuer, IdentityRow.subject == subject)
        )
        with self._database.read() as session:
            row = session.scalars(query).one_or_none()
            return _stored(row) if row is not None else None

    def listed(self, tenant: str | None) -> tuple[StoredAccount, ...]:
        """By name; None: of every tenant."""
        query = select(AccountRow).order_by(AccountRow.tenant, AccountRow.name)
        if tenant is not None:
            query = query.where(AccountRow.tenant == tenant)
        with self._database.read() as session:
            return tuple(_stored(row) for row in session.scalars(query))

    def connect(self, new: StoredAccount, issuer: str, subject: str) -> bool:
        """Add an account that is known by this identity. False if name or identity is taken."""
        identity = IdentityRow(
            issuer=issuer,
            subject=subject,
            tenant=new.tenant,
            account_id=new.id,
            created_at=new.created_at,
        )
        try:
            with self._database.write() as session:
                session.add(_row(new, None))
                session.flush()
                session.add(identity)
                note(session, new.tenant, "account.created", f"account:{new.id}", role=new.role)
        except IntegrityError:
            return False
        return True

    def signed_in(self, account_id: str, now: datetime) -> None:
        with self._database.write() as session:
            _change(session, account_id, {"signed_in_at": now})

    def set_role(self, account_id: str, tenant: str, role: str) -> None:
        """Sessions end, so that none goes on in a tenant or a role that was taken away."""
        with self._database.write() as session:
            _change(session, account_id, {"role": role, "tenant": tenant})
            _tell(session, account_id, "account.role", role=role)
            _end_sessions(session, account_id)

    def set_password(
        self, account_id: str, password: str, *, keep: str | None, link: str | None = None
    ) -> bool:
        """The link, if any, is used up and every session but `keep` (a token's hash) ends.

        False if `link` was used up by somebody else meanwhile.
        """
        with self._database.write() as session:
            found = update(AccountRow).where(AccountRow.id == account_id)
            if link is not None:
                found = found.where(AccountRow.link == link)
            values = {"password": password, "link": None, "link_until": None}
            if not session.connection().execute(found.values(**values)).rowcount:
                return False
            _tell(session, account_id, "account.password")
            _end_sessions(session, account_id, keep)
        return True

    def rehash(self, account_id: str, old: str, new: str) -> None:
        """The same password under other parameters; nothing if it was changed meanwhile."""
        with self._database.write() as session:
            mine = update(AccountRow).where(AccountRow.id == account_id)
            session.execute(mine.where(AccountRow.password == old).values(password=new))

    def set_link(self, account_id: str, link: str, until: datetime) -> None:
        with self._database.write() as session:
            _change(session, account_id, {"link": link, "link_until": until})
            _tell(session, account_id, "account.reset")

    def set_disabled(self, account_id: str, at: datetime | None) -> None:
        """Disabled since `at`, which ends its sessions and its link; None: enabled again."""
        with self._database.write() as session:
            _change(session, account_id, {"disabled_at": at, "link": None, "link_until": None})
            _tell(session, account_id, "account.enabled" if at is None else "account.disabled")
            if at is not None:
                _end_sessions(session, account_id)

    def end_sessions(self, account_id: str) -> None:
        with self._database.write() as session:
            _end_sessions(session, account_id)
            _tell(session, account_id, "account.shut_out")

    def _one(self, *conditions: ColumnElement[bool]) -> StoredAccount | None:
        with self._database.read() as session:
            row = session.scalars(select(AccountRow).where(*conditions)).one_or_none()
            return _stored(row) if row is not None else None


def _change(session: Session, account_id: str, values: Mapping[str, Any]) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(**values))


def _tell(session: Session, account_id: str, deed: str, **detail: str) -> None:
    """A line of the audit log, in the tenant that the account is in now."""
    row = session.get(AccountRow, account_id)
    if row is not None:
        session.refresh(row)
        note(session, row.tenant, deed, f"account:{account_id}", **detail)


def _end_sessions(session: Session, account_id: str, keep: str | None = None) -> None:
    mine = delete(SessionRow).where(SessionRow.account_id == account_id)
    session.execute(mine if keep is None else mine.where(SessionRow.token != keep))


def _row(new: StoredAccount, link: str | None) -> AccountRow:
    return AccountRow(
        id=new.id,
        tenant=new.tenant,
        name=new.name,
        role=new.role,
        password=new.password,
        created_at=new.created_at,
        link=link,
        link_until=new.link_until,
    )


def _stored(row: AccountRow) -> StoredAccount:
    return StoredAccount(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        role=row.role,
        password=row.password,
        created_at=row.created_at,
        signed_in_at=row.signed_in_at,
        disabled_at=row.disabled_at,
        link_until=row.link_until,
    )
