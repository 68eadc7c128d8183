"""How long a tenant's scans are kept: read it and change it."""

from collections.abc import Mapping

from service.db.engine import Database
from service.db.retention import RetentionRows
from service.db.retention_lifecycle import Keep, OwnRetention, Part, Retention, keep_in
from service.errors import InvalidRequest
from service.names import no_such


class TenantRetention:
    """The retention of one tenant. Thread-safe."""

    def __init__(self, database: Database, usual: Retention, tenant: str) -> None:
        """`usual` is for what the tenant says nothing about."""
        self._rows = RetentionRows(database)
        self.usual = usual
        self._tenant = tenant

    def own(self) -> OwnRetention:
        """What the tenant says itself."""
        return self._rows.own(self._tenant)

    def put(self, own: OwnRetention) -> None:
        """In force from the next upload on, and within a minute for what is there already.

        Another process may go on by what it knew for a second.
        """
        self._rows.put(self._tenant, own)

    def zero(self) -> bool:
        """Whether what arrives now is sealed and goes with its scan."""
        return self._rows.zero(self._tenant)


def parts_in(untrusted: Mapping[str, str]) -> dict[Part, Keep]:
    """Parts by name with how long each is kept in words. Raises `InvalidRequest`."""
    return {_part(name): _keep(words, _part(name)) for name, words in untrusted.items()}


def _part(untrusted: str) -> Part:
    try:
        return Part(untrusted)
    except ValueError as error:
        raise InvalidRequest(no_such("part of a scan", untrusted, Part)) from error


def _keep(untrusted: str, part: Part) -> Keep:
    try:
        return keep_in(untrusted, part)
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
