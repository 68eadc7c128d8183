"""How much is accepted, how long it is kept, how often it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from detectors.base import Kind
from service.db.retention_lifecycle import Keep, Part, Retention
from service.scans.reconcile import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPolicy:
    """How much is accepted, how long it is kept, how often it is tried."""

    upload_limits: Mapping[Kind, int]  # bytes
    keep: timedelta | None = timedelta(days=30)  # None: until somebody deletes it
    keep_apart: Mapping[Part, Keep] = field(default_factory=dict)  # parts kept for another time
    lease_seconds: float = 60.0
    attempts: int = 3
    resend_after: timedelta = timedelta(seconds=10)
    orphan_after: timedelta = timedelta(hours=1)
    sweep_every: timedelta = timedelta(minutes=10)
    reconcile_seconds: float = 5.0
    expire_share: float = 0.5
    keep_keys: timedelta = timedelta(days=1)  # of clients, for requests that come again

    @property
    def retention(self) -> Retention:
        """Of tenants that say nothing themselves."""
        return Retention(parts={**dict.fromkeys(Part, self.keep), **self.keep_apart})

    @property
    def schedule(self) -> Schedule:
        return Schedule(
            resend_after=self.resend_after,
            orphan_after=self.orphan_after,
            sweep_every=self.sweep_every,
            longest_lease=timedelta(seconds=self.lease_seconds),
            expire_share=self.expire_share,
        )
