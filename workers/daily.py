"""What some worker of the whole fleet looks at once a day, beside its scans."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from service.analysis.pipeline import Pipeline
from service.db.checks import DRIFT, CheckRows
from service.db.engine import Database
from service.scans.self_test import samples_for, self_test
from service.watching import drift
from service.watching.drift import Window

log = logging.getLogger(__name__)

EVERY: Final = timedelta(days=1)
SETTLING_SECONDS: Final = 600.0
"""A worker that has just begun has scans to run first."""

Check = Callable[[], tuple[bool, Mapping[str, float]]]
"""Whether all is as it should be, and figures about it."""


class Daily:
    """The checks that this worker can make. Each is made by one worker a day, whoever comes first."""

    def __init__(
        self,
        database: Database,
        pipeline: Pipeline,
        queues: tuple[str, ...],
        *,
        settling: float = SETTLING_SECONDS,
    ) -> None:
        self._database = database
        self._pipeline = pipeline
        self._rows = CheckRows(database)
        self._checks: dict[str, Check] = {DRIFT: self._drift}
        self._checks |= {f"self_test_{queue}": self._self_test(queue) for queue in queues}
        self._begins = time.monotonic() + settling

    def round(self) -> None:
        """Make the checks that are due. Raises `SQLAlchemyError`."""
        if time.monotonic() < self._begins:
            return
        for name, check in self._checks.items():
            if self._rows.claim(name, self._database.now(), EVERY):
                self._make(name, check)

    def _make(self, name: str, check: Check) -> None:
        began = time.monotonic()
        fine, figures = check()
        seconds = time.monotonic() - began
        now = self._database.now()
        self._rows.end(name, now, fine=fine, seconds=seconds, figures=figures)
        log.log(
            logging.INFO if fine else logging.ERROR, "checked", extra={"check": name, "fine": fine}
        )

    def _drift(self) -> tuple[bool, Mapping[str, float]]:
        found = drift.look(self._database, Window(now=self._database.now()))
        return not any(item.drifted for item in found), drift.figures_of(found)

    def _self_test(self, queue: str) -> Check:
        def check() -> tuple[bool, Mapping[str, float]]:
            found = tuple(self_test(self._pipeline, samples_for(queue)))
            for tested in found:
                if not tested.fine:
                    log.error("self-test: %s: %s", tested.name, tested.detail)
            return all(tested.fine for tested in found), {}

        return check
