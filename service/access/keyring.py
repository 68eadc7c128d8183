"""The API keys of an installation: made, shown once, checked, replaced with an overlap, revoked."""

from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from service.access.keys import KeyText, new_key, parse
from service.access.principal import Principal, Scope
from service.access.tenants import Tenants, let_in, utc_now
from service.access_errors import KeyExpired, KeyInvalid, KeyNotFound
from service.db.access import AccessRows, ApiKey
from service.errors import InvalidRequest

USE_NOTED: Final = timedelta(minutes=5)
"""The last use of a key is written down this often, not at every request."""

NAME_LENGTH: Final = 127


class Keyring:
    """Thread-safe."""

    def __init__(self, rows: AccessRows, *, now: Callable[[], datetime] = utc_now) -> None:
        self._rows = rows
        self._tenants = Tenants(rows, now=now)
        self._now = now

    def create(
        self, tenant: str, name: str, scopes: Set[Scope], *, expires_at: datetime | None = None
    ) -> KeyText:
        """A new key, whose text is to be had only here.

        Raises `TenantNotFound`, and `InvalidRequest` for no scope, no name or an end in the past.
        """
        self._tenants.get(tenant)
        now = self._now()
        if not scopes:
            raise InvalidRequest("a key needs at least one scope")
        if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
            raise InvalidRequest(f"a key needs a name of up to {NAME_LENGTH} printable characters")
        if expires_at is not None and expires_at <= now:
            raise InvalidRequest("the key would have expired already")
        made = new_key()
        kept = frozenset(scope.value for scope in scopes)
        self._rows.add_key(
            ApiKey(
                id=made.id,
                tenant=tenant,
                name=name.strip(),
                hash=made.hash,
                scopes=kept,
                created_at=now,
                expires_at=expires_at,
            )
        )
        return made

    def list(self, tenant: str | None = None) -> Sequence[ApiKey]:
        """The keys of one tenant, or all, the oldest first. Raises `TenantNotFound`."""
        if tenant is not None:
            self._tenants.get(tenant)
        return self._rows.keys(tenant)

    def revoke(self, key_id: str) -> None:
        """From now on the key is refused, a second later by other processes. Raises `KeyNotFound`."""
        if not self._rows.revoke(key_id, self._now()):
            raise KeyNotFound(f"there is no key {key_id[:16]!r}")

    def rotate(self, key_id: str, *, overlap: timedelta) -> KeyText:
        """A new key of the same name, scopes and lifetime; the old one works for `overlap` longer.

        Raises `KeyNotFound`, and `InvalidRequest` for a key that is over or was replaced before.
        """
        old = self._get(key_id)
        now = self._now()
        if old.revoked_at is not None or old.replaced_by is not None or _over(old, now):
            raise InvalidRequest(f"the key {old.id} is revoked, expired or replaced already")
        made = new_key()
        lifetime = old.expires_at - old.created_at if old.expires_at is not None else None
        new = ApiKey(
            id=made.id,
            tenant=old.tenant,
            name=old.name,
            hash=made.hash,
            scopes=old.scopes,
            created_at=now,
            expires_at=now + lifetime if lifetime is not None else None,
        )
        until = now + overlap
        if old.expires_at is not None:
            until = min(until, old.expires_at)
        if not self._rows.replace(old.id, new, until):
            raise InvalidRequest(f"the key {old.id} was revoked or replaced meanwhile")
        return made

    def principal(self, untrusted_text: str) -> Principal:
        """Whose key this is. Raises `KeyInvalid`, `KeyExpired`, `TenantSuspended`."""
        shown = parse(untrusted_text)
        found = self._rows.recent_key(shown.id) if shown is not None else None
        if shown is None or found is None:
            raise KeyInvalid
        key, tenant = found
        if not shown.matches(key.hash) or key.revoked_at is not None:
            raise KeyInvalid
        now = self._now()
        if _over(key, now):
            raise KeyExpired(f"the key {key.id} expired at {key.expires_at:%F %T} UTC")
        let_in(tenant)
        self._note_use(key, now)
        known = frozenset(Scope(name) for name in key.scopes if name in set(Scope))
        return Principal(tenant=key.tenant, actor=f"key:{key.id}", scopes=known)

    def ever(self) -> bool:
        """Whether a key was ever made here; one that is revoked counts."""
        return self._rows.any_key()

    def _get(self, key_id: str) -> ApiKey:
        found = self._rows.key(key_id)
        if found is None:
            raise KeyNotFound(f"there is no key {key_id[:16]!r}")
        return found[0]

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        """A database that takes no writes for a while shuts nobody out."""
        if key.used_at is None or now - key.used_at >= USE_NOTED:
            with suppress(SQLAlchemyError):
                self._rows.used(key.id, now)


def _over(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now
