"""The policies of a tenant: put into force, kept for ever, tried on the reports there are."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from service.db.engine import Database
from service.db.policies import KeptPolicy, PolicyRows
from service.db.scans import ScanRows
from service.errors import PolicyNotFound, ReportInvalid
from service.policies.decide import decided
from service.policies.document import Policy
from service.policies.replay import Replay, replayed
from service.reporting.report import Report, read

MOST_REPLAYED: Final = 5000
"""Reports that a replay looks at, at most."""


class Policies:
    """What one tenant's reports are decided by. A new version changes no report that exists."""

    def __init__(self, database: Database, tenant: str, now: Callable[[], datetime]) -> None:
        self._rows = PolicyRows(database)
        self._scans = ScanRows(database)
        self._tenant = tenant
        self._now = now

    def put(self, policy: Policy, *, actor: str) -> tuple[KeptPolicy, bool]:
        """Put a policy into force as the newest version, which the service numbers: is it new?

        Nothing is added where the one in force says the same.
        """
        return self._rows.add(self._tenant, policy, actor=actor, now=self._now())

    def withdraw(self, *, actor: str) -> KeptPolicy:
        """From now on nothing decides, and the history says so. Raises `PolicyNotFound`."""
        kept = self._rows.withdraw(self._tenant, actor=actor, now=self._now())
        if kept is None:
            raise PolicyNotFound("no policy is in force")
        return kept

    def active(self) -> Policy | None:
        """The one in force; None where nothing decides."""
        newest = self._rows.newest(self._tenant)
        return newest.policy if newest is not None else None

    def get(self, version: int) -> KeptPolicy:
        """Raises `PolicyNotFound`."""
        found = self._rows.get(self._tenant, version)
        if found is None:
            raise PolicyNotFound(f"there is no version {version}")
        return found

    def list(self, *, limit: int, before: int | None = None) -> tuple[KeptPolicy, ...]:
        """The newest versions first, of those before one."""
        return self._rows.page(self._tenant, limit=limit, before=before)

    def decided(self, report: Report) -> Report:
        """A report with what the policy in force makes of it."""
        active = self.active()
        return report if active is None else decided(report, active)

    def replay(self, draft: Policy, *, last: int) -> Replay:
        """What a draft would decide otherwise about the newest reports, at most `last` of them."""
        return replayed(draft, self._reports(last))

    def _reports(self, last: int) -> Iterator[tuple[str, Report | None]]:
        for scan_id, document in self._scans.documents(self._tenant, last):
            try:
                yield scan_id, read(document)
            except ReportInvalid:
                yield scan_id, None
