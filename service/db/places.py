"""How many scans of a key and of its tenant may wait or run at the same time, counted where they are added."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.access_errors import TooManyInFlight
from service.db.access_tables import TenantRow
from service.db.lifecycle import State
from service.db.models import ScanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How many there are. 0: any number."""

    sender: str = ""  # the key or person who sends
    of_sender: int = 0
    of_tenant: int = 0

    @property
    def bounded(self) -> bool:
        return self.of_sender > 0 or self.of_tenant > 0


UNBOUNDED: Final = Places()


def take_place(session: Session, tenant: str, places: Places) -> None:
    """Hold the tenant until the transaction ends, or two would take the last place.

    Raises `TooManyInFlight`.
    """
    session.execute(select(TenantRow.name).where(TenantRow.name == tenant).with_for_update())
    check_places(session, tenant, places)


def check_places(session: Session, tenant: str, places: Places) -> None:
    """Raises `TooManyInFlight` unless a place is free now."""
    unfinished = ScanRow.state.in_((State.QUEUED, State.RUNNING))
    query = select(func.count()).where(ScanRow.tenant == tenant, unfinished)
    who = places.sender.partition(":")[0]
    for name, most, counted in (
        (who, places.of_sender, query.where(ScanRow.sender == places.sender)),
        ("tenant", places.of_tenant, query),
    ):
        if most and (found := session.scalar(counted) or 0) >= most:
            raise TooManyInFlight(
                f"{found} scans of this {name} wait or run, and {most} may at the same time"
            )
