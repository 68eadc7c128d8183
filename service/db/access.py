"""Every statement about tenants and API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.access_tables import ApiKeyRow, TenantRow
from service.db.engine import Database
from service.db.trail import note

# Asked at every request with a key: to put it together takes as long as to ask it.
_KEY: Final = (
    select(ApiKeyRow, TenantRow)
    .join(TenantRow, TenantRow.name == ApiKeyRow.tenant)
    .where(ApiKeyRow.id == bindparam("key"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimits:
    """A tenant's own limits. None: the installation's; 0: none at all."""

    requests_per_minute: int | None = None
    upload_bytes_per_day: int | None = None
    scans_in_flight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Whoever owns scans; while it is suspended nobody of it gets in."""

    name: str
    created_at: datetime
    suspended_at: datetime | None
    limits: OwnLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key. `hash` is the SHA-256 of its text in hexadecimal digits."""

    id: str
    tenant: str
    name: str
    hash: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None  # to within a few minutes
    revoked_at: datetime | None = None
    replaced_by: str | None = None


class AccessRows:
    """Tenants and keys in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_tenant(self, name: str, now: datetime) -> bool:
        """Whether it was not there before."""
        try:
            with self._database.write() as session:
                session.add(TenantRow(name=name, created_at=now))
                note(session, name, "tenant.created", f"tenant:{name}")
        except IntegrityError:
            return False
        return True

    def tenant(self, name: str) -> Tenant | None:
        with self._database.read() as session:
            row = session.get(TenantRow, name)
            return _tenant(row) if row is not None else None

    def tenants(self) -> tuple[Tenant, ...]:
        """By name."""
        with self._database.read() as session:
            rows = session.scalars(select(TenantRow).order_by(TenantRow.name)).all()
        return tuple(_tenant(row) for row in rows)

    def suspend(self, name: str, at: datetime | None) -> bool:
        """Suspend, or with None let in again; whether there is such a tenant."""
        deed = "tenant.suspended" if at is not None else "tenant.resumed"
        return self._change_tenant(name, deed, suspended_at=at)

    def limit(self, name: str, limits: OwnLimits) -> bool:
        """Give a tenant these limits of its own; whether there is such a tenant."""
        return self._change_tenant(
            name,
            "tenant.limited",
            requests_per_minute=limits.requests_per_minute,
            upload_bytes_per_day=limits.upload_bytes_per_day,
            scans_in_flight=limits.scans_in_flight,
        )

    def _change_tenant(self, name: str, deed: str, **values: datetime | int | None) -> bool:
        with self._database.write() as session:
            statement = update(TenantRow).where(TenantRow.name == name).values(**values)
            changed = session.execute(statement.returning(TenantRow.name)).first()
            if changed is not None:
                note(session, name, deed, f"tenant:{name}")
        self._database.recent.forget()
        return changed is not None

    def add_key(self, key: ApiKey) -> None:
        with self._database.write() as session:
            session.add(_row(key))
            note(session, key.tenant, "key.created", f"key:{key.id}")

    def key(self, key_id: str) -> tuple[ApiKey, Tenant] | None:
        """A key, with the tenant it belongs to."""
        with self._database.read() as session:
            found = session.execute(_KEY, {"key": key_id}).first()
            return (_key(found[0]), _tenant(found[1])) if found is not None else None

    def recent_key(self, key_id: str) -> tuple[ApiKey, Tenant] | None:
        """As `key`, where what another process changed may be noticed a second later."""
        return self._database.recent.of((ApiKeyRow, key_id), lambda: self.key(key_id))

    def keys(self, tenant: str | None = None) -> Sequence[ApiKey]:
        """Those of one tenant, or all, the oldest first."""
        query = select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
        if tenant is not None:
            query = query.where(ApiKeyRow.tenant == tenant)
        with self._database.read() as session:
            return tuple(_key(row) for row in session.scalars(query))

    def any_key(self) -> bool:
        """Whether a key was ever made, whatever became of it."""
        with self._database.read() as session:
            return bool(session.scalar(select(exists().select_from(ApiKeyRow))))

    def used(self, key_id: str, at: datetime) -> None:
        with self._database.write() as session:
            session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(used_at=at))
        self._database.recent.forget()

    def revoke(self, key_id: str, at: datetime) -> bool:
        """Whether there is such a key. One that was revoked before keeps its first moment."""
        with self._database.write() as session:
            row = session.get(ApiKeyRow, key_id)
            if row is not None and row.revoked_at is None:
                row.revoked_at = at
                note(session, row.tenant, "key.revoked", f"key:{key_id}")
        self._database.recent.forget()
        return row is not None

    def replace(self, key_id: str, new: ApiKey, until: datetime) -> bool:
        """Add the key that takes over and end the old one by `until`, in one transaction.

        Whether that happened: a key that was revoked or replaced meanwhile is left alone.
        """
        with self._database.write() as session:
            if not _end(session, key_id, new.id, until):
                return False
            session.add(_row(new))
            note(session, new.tenant, "key.rotated", f"key:{key_id}", to=f"key:{new.id}")
        self._database.recent.forget()
        return True


def _end(session: Session, key_id: str, successor: str, until: datetime) -> bool:
    statement = (
        update(ApiKeyRow)
        .where(
            ApiKeyRow.id == key_id,
            ApiKeyRow.revoked_at.is_(None),
            ApiKeyRow.replaced_by.is_(None),
        )
        .values(replaced_by=successor, expires_at=until)
    )
    return session.execute(statement.returning(ApiKeyRow.id)).first() is not None


def _tenant(row: TenantRow) -> Tenant:
    return Tenant(
        name=row.name,
        created_at=row.created_at,
        suspended_at=row.suspended_at,
        limits=OwnLimits(
            requests_per_minute=row.requests_per_minute,
            upload_bytes_per_day=row.upload_bytes_per_day,
            scans_in_flight=row.scans_in_flight,
        ),
    )


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        hash=row.hash,
        scopes=frozenset(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
        replaced_by=row.replaced_by,
    )


def _row(key: ApiKey) -> ApiKeyRow:
    return ApiKeyRow(
        id=key.id,
        tenant=key.tenant,
        name=key.name,
        hash=key.hash,
        scopes=" ".join(sorted(key.scopes)),
        created_at=key.created_at,
        expires_at=key.expires_at,
        used_at=key.used_at,
        revoked_at=key.revoked_at,
        replaced_by=key.replaced_by,
    )
