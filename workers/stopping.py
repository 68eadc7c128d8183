"""What a worker does when it is told to stop: what it runs goes back to the queue at once."""

import logging
import os
import threading
from contextlib import suppress
from typing import Any

from celery.apps.worker import Worker
from celery.signals import worker_shutting_down

from service.errors import SettingsInvalid
from service.settings import Settings
from service.wiring import build_scans
from workers.container import SOFT_LIMIT, process_name

log = logging.getLogger(__name__)


def install(worker: Worker, settings: Settings) -> None:
    """Listen for the signal in the parent of the pool.

    A child may be deep in native code, where no signal reaches Python; so its parent takes the
    lease away in the database, and what the child still finds is dropped. Then it is interrupted.
    """

    def stop(**_signal: object) -> None:
        info: dict[str, Any] = worker.pool.info if worker.pool else {}  # type: ignore[assignment]
        children = tuple(info.get("processes", ()))
        threading.Thread(target=_hand_back, args=(settings, children), daemon=True).start()

    worker_shutting_down.connect(stop, weak=False)


def _hand_back(settings: Settings, children: tuple[int, ...]) -> None:
    try:
        scans = build_scans(settings)
    except SettingsInvalid:
        log.exception("running scans are not handed back; their leases will run out")
        return
    names = {process_name(child): child for child in children}
    for name in scans.hand_back(tuple(names)):
        log.info("handed back what %s ran", name)
        with suppress(ProcessLookupError):
            os.kill(names[name], SOFT_LIMIT)
    scans.close()
