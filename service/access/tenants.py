"""Tenants: making them, suspending them, and telling whether one may come in."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from service.access_errors import TenantExists, TenantNotFound, TenantSuspended
from service.db.access import AccessRows, OwnLimits, Tenant
from service.errors import InvalidRequest

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


RESERVED: Final = frozenset({"incoming"})
"""Folders of the store beside those of the tenants."""


def utc_now() -> datetime:
    """This machine's clock: what it is asked for here is not exact to the second."""
    return datetime.now(UTC)


class Tenants:
    """The tenants of an installation. Thread-safe."""

    def __init__(self, rows: AccessRows, *, now: Callable[[], datetime] = utc_now) -> None:
        self._rows = rows
        self._now = now

    def create(self, name: str) -> Tenant:
        """Raises `InvalidRequest` and `TenantExists`."""
        if _NAME.fullmatch(name) is None:
            raise InvalidRequest(
                "a tenant's name is up to 63 lower-case letters, digits and hyphens, "
                "and neither begins nor ends with a hyphen"
            )
        if name in RESERVED:
            raise InvalidRequest(f"the name {name} is taken by the service itself")
        if not self._rows.add_tenant(name, self._now()):
            raise TenantExists(f"there is a tenant {name} already")
        return self.get(name)

    def get(self, name: str) -> Tenant:
        """Raises `TenantNotFound`."""
        found = self._rows.tenant(name)
        if found is None:
            raise TenantNotFound(f"there is no tenant {name[:63]!r}")
        return found

    def list(self) -> tuple[Tenant, ...]:
        return self._rows.tenants()

    def suspend(self, name: str) -> None:
        """From now on nobody of it gets in; what it stored stays. Raises `TenantNotFound`.

        Other processes notice it within a second.
        """
        if not self._rows.suspend(name, self._now()):
            self.get(name)

    def resume(self, name: str) -> None:
        """Raises `TenantNotFound`."""
        if not self._rows.suspend(name, None):
            self.get(name)

    def limit(self, name: str, limits: OwnLimits) -> None:
        """Raises `TenantNotFound`."""
        if not self._rows.limit(name, limits):
            self.get(name)


def let_in(tenant: Tenant) -> None:
    """Raises `TenantSuspended`."""
    if tenant.suspended_at is not None:
        raise TenantSuspended(f"the tenant {tenant.name} is suspended")
