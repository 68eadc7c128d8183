"""How many scans of a tenant may wait or run at the same time, counted where they are added."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.access_errors import TooManyInFlight
from service.db.access_tables import TenantRow
from service.db.lifecycle import State
from service.db.models import ScanRow


def take_place(session: Session, tenant: str, most: int) -> None:
    """Hold the tenant until the transaction ends, or two would take the last of `most` places.

    Raises `TooManyInFlight`.
    """
    session.execute(select(TenantRow.name).where(TenantRow.name == tenant).with_for_update())
    check_places(session, tenant, most)


def check_places(session: Session, tenant: str, most: int) -> None:
    """Raises `TooManyInFlight` unless a place is free now."""
    unfinished = ScanRow.state.in_((State.QUEUED, State.RUNNING))
    query = select(func.count()).where(ScanRow.tenant == tenant, unfinished)
    found = session.scalar(query) or 0
    if found >= most:
        raise TooManyInFlight(f"{found} scans wait or run, and {most} may at the same time")
