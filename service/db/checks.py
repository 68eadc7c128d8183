"""Checks that one worker of the whole fleet makes once a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from service.analysis.source import DEFAULT_TENANT
from service.db.check_tables import CheckRow
from service.db.engine import Database

DRIFT: Final = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found when it last came to an end."""

    name: str
    ended_at: datetime
    seconds: float  # it took
    fine: bool
    figures: Mapping[str, float]


class CheckRows:
    """Safe from any number of processes: each check is made by one of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, name: str, now: datetime, every: timedelta) -> bool:
        """Whether the check is due, and the caller's to make; one who dies of it leaves it so.

        A beginning that lies ahead was written by a clock that was set back since.
        """
        due = or_(CheckRow.begun_at <= now - every, CheckRow.begun_at > now)
        mine = update(CheckRow).where(CheckRow.name == name, due).values(begun_at=now)
        with self._database.read() as session:
            known = session.get(CheckRow, name)
            if known is not None and now - every < known.begun_at <= now:
                return False
        try:
            with self._database.write() as session:
                if known is not None:
                    return bool(session.connection().execute(mine).rowcount)
                session.add(CheckRow(name=name, tenant=DEFAULT_TENANT, begun_at=now, figures={}))
        except IntegrityError:  # somebody else was the first to make it
            return False
        return True

    def end(
        self,
        name: str,
        now: datetime,
        *,
        fine: bool,
        seconds: float,
        figures: Mapping[str, float],
    ) -> None:
        """What it found, and how long that took."""
        values = {"ended_at": now, "fine": fine, "seconds": seconds, "figures": dict(figures)}
        with self._database.write() as session:
            session.execute(update(CheckRow).where(CheckRow.name == name).values(**values))

    def all(self) -> tuple[Checked, ...]:
        """Those that came to an end at some time."""
        query = select(CheckRow).where(CheckRow.ended_at.is_not(None)).order_by(CheckRow.name)
        with self._database.read() as session:
            return tuple(
                Checked(
                    name=row.name,
                    ended_at=row.ended_at or row.begun_at,
                    seconds=row.seconds or 0.0,
                    fine=bool(row.fine),
                    figures=row.figures,
                )
                for row in session.scalars(query)
            )
