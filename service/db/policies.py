"""Every statement about policies: versions are added and never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from service.db.engine import Database
from service.db.policy_tables import PolicyRow
from service.db.trail import note
from service.errors import DatabaseUnavailable
from service.policies.document import Policy

TRIES: Final = 20
"""How often a version is numbered anew because somebody else took its number."""


WITHDRAWN: Final = "null"
"""The document of a version from which on nothing decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """One version of a tenant's policy, and who put it there.

    Without a `policy` it withdraws the one before: from then on nothing decides.
    """

    version: int
    policy: Policy | None
    actor: str
    created_at: datetime


class PolicyRows:
    """The policies of every tenant in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, tenant: str, policy: Policy, *, actor: str, now: datetime
    ) -> tuple[KeptPolicy, bool]:
        """Keep a policy as the newest version, numbered by the service, and say whether it is new.

        The one in force is answered where it says the same. Raises `DatabaseUnavailable` where
        many others put theirs at the same moment.
        """
        for _ in range(TRIES):
            newest = self.newest(tenant)
            if newest is not None and newest.policy is not None and _same(newest.policy, policy):
                return newest, False
            version = 1 if newest is None else newest.version + 1
            numbered = policy.model_copy(update={"version": version})
            kept = KeptPolicy(version=version, policy=numbered, actor=actor, created_at=now)
            if self._added(tenant, kept, "policy.put", digest=numbered.digest):
                return kept, True
        raise DatabaseUnavailable("others put their policies at the same moment")

    def withdraw(self, tenant: str, *, actor: str, now: datetime) -> KeptPolicy | None:
        """Keep as the newest version that nothing decides any more; None where nothing does.

        Raises `DatabaseUnavailable` as `add` does.
        """
        for _ in range(TRIES):
            newest = self.newest(tenant)
            if newest is None or newest.policy is None:
                return None
            kept = KeptPolicy(version=newest.version + 1, policy=None, actor=actor, created_at=now)
            if self._added(tenant, kept, "policy.withdrawn"):
                return kept
        raise DatabaseUnavailable("others put their policies at the same moment")

    def _added(self, tenant: str, kept: KeptPolicy, deed: str, **detail: str) -> bool:
        """False where somebody else took its number."""
        try:
            with self._database.write() as session:
                session.add(_row(tenant, kept))
                note(session, tenant, deed, f"policy:{kept.version}", **detail)
        except IntegrityError:
            return False
        return True

    def newest(self, tenant: str) -> KeptPolicy | None:
        """The newest version, which says what decides; None where there never was one."""
        found = self.page(tenant, limit=1, before=None)
        return found[0] if found else None

    def get(self, tenant: str, version: int) -> KeptPolicy | None:
        with self._database.read() as session:
            row = session.get(PolicyRow, (tenant, version))
            return _kept(row) if row is not None else None

    def page(self, tenant: str, *, limit: int, before: int | None) -> tuple[KeptPolicy, ...]:
        """The newest versions first, of those before one."""
        query = select(PolicyRow).where(PolicyRow.tenant == tenant)
        if before is not None:
            query = query.where(PolicyRow.version < before)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(PolicyRow.version.desc()).limit(limit)).all()
            return tuple(map(_kept, rows))


def _same(known: Policy, other: Policy) -> bool:
    """Whether two policies differ in nothing but their version."""
    return known == other.model_copy(update={"version": known.version})


def _row(tenant: str, kept: KeptPolicy) -> PolicyRow:
    policy = kept.policy
    return PolicyRow(
        tenant=tenant,
        version=kept.version,
        name=policy.name if policy is not None else "",
        digest=policy.digest if policy is not None else "",
        document=policy.model_dump_json() if policy is not None else WITHDRAWN,
        actor=kept.actor,
        created_at=kept.created_at,
    )


def _kept(row: PolicyRow) -> KeptPolicy:
    withdrawn = row.document == WITHDRAWN
    return KeptPolicy(
        version=row.version,
        policy=None if withdrawn else Policy.model_validate_json(row.document),
        actor=row.actor,
        created_at=row.created_at,
    )
