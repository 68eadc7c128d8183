"""How many scans of a key and of its tenant may wait or run at the same time, counted where they are added."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
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


def take_places(session: Session, tenant: str, wanted: Sequence[Places]) -> None:
    """Hold the tenant until the transaction ends, or two would take the last place.

    Raises `TooManyInFlight` unless all that are wanted are free.
    """
    session.execute(select(TenantRow.name).where(TenantRow.name == tenant).with_for_update())
    check_places(session, tenant, wanted)


def check_places(session: Session, tenant: str, wanted: Sequence[Places]) -> None:
    """Raises `TooManyInFlight` unless there is a place now for each of these."""
    unfinished = ScanRow.state.in_((State.QUEUED, State.RUNNING))
    waiting = select(ScanRow.id).where(ScanRow.tenant == tenant, unfinished)
    by_sender = defaultdict[str, list[int]](list)
    for places in wanted:
        by_sender[places.sender].append(places.of_sender)
    for sender, bounds in by_sender.items():
        who = sender.partition(":")[0]
        _check(session, who, waiting.where(ScanRow.sender == sender), bounds)
    _check(session, "tenant", waiting, [places.of_tenant for places in wanted])


def _check(session: Session, who: str, waiting: Select[str], bounds: Sequence[int]) -> None:
    """One scan more for each of the bounds that is any."""
    known = [bound for bound in bounds if bound]
    if not known:
        return
    most = min(known)
    found = session.scalar(select(func.count()).select_from(waiting.limit(most).subquery())) or 0
    if found + len(known) > most:
        raise TooManyInFlight(
            f"{found} scans of this {who} wait or run, and {most} may at the same time"
        )
