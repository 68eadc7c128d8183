"""People: who may sign in, what they are in a tenant, and who may change that."""

import hashlib
import secrets
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from service.access.passwords import Passwords, check_new
from service.access.principal import Principal, Role
from service.access.tenants import Tenants
from service.access.throttle import Throttle
from service.access_errors import (
    AccountNotFound,
    AccountRefused,
    LinkInvalid,
    SignInFailed,
)
from service.db.accounts import AccountRows, StoredAccount
from service.db.engine import Database

LINK_LIFE: Final = timedelta(hours=48)
LONGEST_NAME: Final = 254
_MANAGERS: Final = frozenset({Role.ADMIN, Role.OPERATOR})
_TAKEN: Final = "there is an account of this name already"


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """Who somebody is at an OpenID provider, and what that makes them here."""

    issuer: str
    subject: str
    name: str
    tenant: str
    role: Role


class Accounts:
    """All that page and command line do with accounts. Thread-safe."""

    def __init__(
        self,
        database: Database,
        tenants: Tenants,
        passwords: Passwords | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._rows = AccountRows(database)
        self._tenants = tenants
        self._throttle = Throttle(database)
        self._passwords = passwords or Passwords()
        self._now = now or database.now
        self._any = False

    def any(self) -> bool:
        """Whether somebody could sign in: then everybody has to. Once true it stays so."""
        self._any = self._any or self._rows.any()
        return self._any

    def sign_in(self, untrusted_name: str, untrusted_password: str, address: str) -> StoredAccount:
        """The account of this name and password, for somebody at this address.

        Raises `TooManyAttempts`, and `SignInFailed` alike for an unknown name, a wrong password
        and a disabled account.
        """
        name = _normal(untrusted_name)
        self._throttle.take(name, address, self._now())
        account = self._rows.by_name(name)
        stored = account.password if account is not None else None
        fits = self._passwords.fits(stored, untrusted_password)
        if account is None or stored is None or not fits or account.disabled_at is not None:
            raise SignInFailed("no account that is in use has this name and this password")
        self._throttle.give_back(name, address)
        if self._passwords.outdated(stored):
            self._rows.rehash(account.id, stored, self._passwords.hash(untrusted_password))
        self._rows.signed_in(account.id, self._now())
        return account

    def sign_in_from(self, external: External) -> StoredAccount:
        """The account of somebody whom a provider vouches for, made when they first come.

        Tenant and role are what the provider says today; where they changed, sessions end.
        Raises `SignInFailed` for a disabled account, `AccountRefused` if the name is another's, and
        `TenantNotFound`.
        """
        account = self._rows.by_identity(external.issuer, external.subject)
        if account is None:
            account = self._new(external.name, external.tenant, external.role)
            if not self._rows.connect(account, external.issuer, external.subject):
                raise AccountRefused(_TAKEN)
        if account.disabled_at is not None:
            raise SignInFailed("the account is disabled")
        self._tenants.get(external.tenant)
        if (account.tenant, account.role) != (external.tenant, external.role):
            self._rows.set_role(account.id, external.tenant, external.role)
        self._rows.signed_in(account.id, self._now())
        return self.get(account.id)

    def shut_out(self, issuer: str, subject: str) -> None:
        """The provider lets somebody in no more: their sessions end, in every browser."""
        account = self._rows.by_identity(issuer, subject)
        if account is not None:
            self._rows.end_sessions(account.id)

    def change_password(
        self, account_id: str, current: str, new: str, *, address: str, keep: str
    ) -> None:
        """Other sessions than the one with the token's hash `keep` end.

        Raises `TooManyAttempts`, `SignInFailed` if `current` is wrong, and `PasswordRefused`.
        """
        account = self.get(account_id)
        self._throttle.take(account.name, address, self._now())
        if not self._passwords.fits(account.password, current):
            raise SignInFailed("the present password is wrong")
        self._throttle.give_back(account.name, address)
        check_new(new, account.name)
        self._rows.set_password(account.id, self._passwords.hash(new), keep=keep)

    def create(self, name: str, tenant: str, role: Role, password: str) -> StoredAccount:
        """An account with a password.

        Raises `AccountRefused`, `PasswordRefused` and `TenantNotFound`.
        """
        check_new(password, _checked(name))
        new = self._new(name, tenant, role, self._passwords.hash(password))
        if not self._rows.add(new):
            raise AccountRefused(_TAKEN)
        return new

    def people(self, by: Principal) -> tuple[StoredAccount, ...]:
        """The accounts of the tenant that `by` acts in."""
        return self._rows.listed(by.tenant)

    def everybody(self) -> tuple[StoredAccount, ...]:
        """The accounts of every tenant, for the command line."""
        return self._rows.listed(None)

    def add(self, by: Principal, name: str, role: Role) -> str:
        """An account without a password, and the secret of the one-time link that sets one.

        Raises `AccountRefused`.
        """
        _check_grant(by, role)
        secret = secrets.token_urlsafe(32)
        new = self._new(name, by.tenant, role, until=self._now() + LINK_LIFE)
        if not self._rows.add(new, link=_hash(secret)):
            raise AccountRefused(_TAKEN)
        return secret

    def set_role(self, by: Principal, account_id: str, role: Role) -> None:
        """Raises `AccountNotFound`, `AccountRefused`."""
        account = self._of_another(by, account_id)
        _check_grant(by, role)
        self._rows.set_role(account.id, account.tenant, role)

    def disable(self, by: Principal, account_id: str) -> None:
        """Its sessions end at once. Raises `AccountNotFound`, `AccountRefused`."""
        self._rows.set_disabled(self._of_another(by, account_id).id, self._now())

    def enable(self, by: Principal, account_id: str) -> None:
        """Raises `AccountNotFound`, `AccountRefused`."""
        self._rows.set_disabled(self._of_another(by, account_id).id, None)

    def reset(self, by: Principal, account_id: str) -> str:
        """The secret of a one-time link that sets a new password; the old one works until then.

        Raises `AccountNotFound`, `AccountRefused`.
        """
        account = self._managed(by, account_id)
        if account.disabled_at is not None:
            raise AccountRefused("the account is disabled; enable it first")
        secret = secrets.token_urlsafe(32)
        self._rows.set_link(account.id, _hash(secret), self._now() + LINK_LIFE)
        return secret

    def named(self, untrusted_name: str) -> StoredAccount:
        """Raises `AccountNotFound`."""
        account = self._rows.by_name(_normal(untrusted_name))
        if account is None:
            raise AccountNotFound("there is no account of this name")
        return account

    def of_link(self, untrusted_secret: str) -> StoredAccount:
        """Whose one-time link this is. Raises `LinkInvalid`."""
        account = self._rows.by_link(_hash(untrusted_secret), self._now())
        if account is None or account.disabled_at is not None:
            raise LinkInvalid("ask an administrator for a new one")
        return account

    def use_link(self, untrusted_secret: str, password: str) -> StoredAccount:
        """Set the password; every session ends. Raises `LinkInvalid`, `PasswordRefused`."""
        account = self.of_link(untrusted_secret)
        check_new(password, account.name)
        hashed, link = self._passwords.hash(password), _hash(untrusted_secret)
        if not self._rows.set_password(account.id, hashed, keep=None, link=link):
            raise LinkInvalid("ask an administrator for a new one")
        self._rows.signed_in(account.id, self._now())
        return account

    def get(self, account_id: str) -> StoredAccount:
        """Raises `AccountNotFound`."""
        account = self._rows.by_id(account_id)
        if account is None:
            raise AccountNotFound("there is no account of this id")
        return account

    def _managed(self, by: Principal, account_id: str) -> StoredAccount:
        """An account that `by` may change; one of another tenant is as if it were not there."""
        account = self.get(account_id)
        if account.tenant != by.tenant:
            raise AccountNotFound("there is no account of this id")
        _check_grant(by, Role(account.role))
        return account

    def _of_another(self, by: Principal, account_id: str) -> StoredAccount:
        """Nobody takes their own rights away, so that somebody is always left who can give them."""
        account = self._managed(by, account_id)
        if by.actor == f"account:{account.id}":
            raise AccountRefused("nobody changes their own role or disables themselves")
        return account

    def _new(
        self,
        name: str,
        tenant: str,
        role: Role,
        password: str | None = None,
        until: datetime | None = None,
    ) -> StoredAccount:
        """Raises `AccountRefused`, `TenantNotFound`."""
        self._tenants.get(tenant)
        return StoredAccount(
            id=uuid.uuid4().hex,
            tenant=tenant,
            name=_checked(name),
            role=role,
            password=password,
            created_at=self._now(),
            link_until=until,
        )


def _check_grant(by: Principal, role: Role) -> None:
    """Administrators manage their tenant, and only an operator makes or changes an operator."""
    if by.role not in _MANAGERS or (role is Role.OPERATOR and by.role is not Role.OPERATOR):
        raise AccountRefused(f"this takes more rights than yours: the account is {role}")


def _checked(untrusted_name: str) -> str:
    name = _normal(untrusted_name)
    if not name or len(name) > LONGEST_NAME:
        raise AccountRefused(f"a name has 1 to {LONGEST_NAME} characters")
    if not name.isprintable() or " " in name:
        raise AccountRefused("a name has neither blanks nor control characters")
    return name


def _normal(untrusted_name: str) -> str:
    """Names are the same in whatever case and width they are typed."""
    return unicodedata.normalize("NFKC", untrusted_name).casefold().strip()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
