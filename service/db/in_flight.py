"""How many scans of a tenant wait or run, and keeping that below a bound."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.access_tables import TenantRow
from service.db.lifecycle import State
from service.db.models import ScanRow
from service.errors import TooManyInFlight


def check(session: Session, tenant: str, most: int) -> None:
    """Raises `TooManyInFlight` if there are so many; 0 is any number."""
    if not most:
        return
    unfinished = ScanRow.state.in_((State.QUEUED, State.RUNNING))
    query = select(func.count()).where(ScanRow.tenant == tenant, unfinished)
    found = session.scalar(query) or 0
    if found >= most:
        raise TooManyInFlight(f"{found} scans wait or run, and {most} may at the same time")


def take_place(session: Session, tenant: str, most: int) -> None:
    """As `check`, before a scan is added: one at a time, or two would take the last place."""
    if most:
        session.execute(select(TenantRow.name).where(TenantRow.name == tenant).with_for_update())
        check(session, tenant, most)
