"""Accounts for tests: a clock that tests move, and hashes that cost nothing."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from argon2 import PasswordHasher

from service.access.accounts import Accounts
from service.access.passwords import Passwords
from service.access.principal import SCOPES, Principal, Role
from service.access.sessions import Sessions
from service.access.tenants import Tenants
from service.access_errors import TenantExists
from service.db.access import AccessRows
from service.db.accounts import StoredAccount
from service.db.engine import Database

NOON: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD: Final = "correct horse battery"
HERE: Final = "192.0.2.1"


@dataclass(slots=True)
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


def cheap(passes: int = 1) -> Passwords:
    return Passwords(PasswordHasher(time_cost=passes, memory_cost=8, parallelism=1))


def principal(role: Role, tenant: str = "default", actor: str = "account:somebody") -> Principal:
    return Principal(tenant=tenant, actor=actor, scopes=SCOPES[role], role=role)


class People:
    """Accounts and sessions over one database and one clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.tenants = Tenants(AccessRows(database))
        self.accounts = Accounts(database, self.tenants, cheap(), self.clock)
        self.sessions = Sessions(database, self.clock)

    def make(
        self, name: str = "ines", role: Role = Role.ANALYST, tenant: str = "default"
    ) -> StoredAccount:
        with suppress(TenantExists):
            self.tenants.create(tenant)
        return self.accounts.create(name, tenant, role, PASSWORD)
