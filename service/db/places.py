"""How many scans of a tenant may wait or run at the same time, counted where they are added."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.access_errors import TooManyInFlight
from service.db.access_tables import TenantRow
from service.db.lifecycle import State
from service.db.models import ScanRow


def take_places(session: Session, tenant: str, most: int, wanted: int) -> None:
    """Hold the tenant until the transaction ends, or two would take the last of `most` places.

    Raises `TooManyInFlight` unless all that are wanted are free.
    """
    session.execute(select(TenantRow.name).where(TenantRow.name == tenant).with_for_update())
    check_places(session, tenant, most, wanted)


def check_places(session: Session, tenant: str, most: int, wanted: int = 1) -> None:
    """Raises `TooManyInFlight` unless so many places are free now."""
    unfinished = ScanRow.state.in_((State.QUEUED, State.RUNNING))
    some = select(ScanRow.id).where(ScanRow.tenant == tenant, unfinished).limit(most)
    found = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    if found + wanted > most:
        raise TooManyInFlight(f"{found} scans wait or run, and {most} may at the same time")
