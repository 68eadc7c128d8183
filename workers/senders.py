"""The worker of webhooks: threads that send, and one that rings for what is due."""

import logging
import os
from contextlib import suppress
from typing import Final

from celery.apps.worker import Worker
from celery.signals import worker_ready, worker_shutting_down
from sqlalchemy.exc import SQLAlchemyError

from service.db.lifecycle import BEAT_SECONDS, WEBHOOKS_QUEUE
from service.scans.clockwork import Clockwork
from service.settings import Settings
from service.startup import explained
from service.wiring import broker, build
from workers import pulse
from workers.celery_app import sender_app
from workers.container import process_name

log = logging.getLogger(__name__)

RING_SECONDS: Final = 1.0
THREADS: Final = 8
"""Endpoints that are talked to at a time, unless said otherwise."""


def run(settings: Settings, *, threads: int) -> int:
    """Send until told to stop; what is under way then is finished. The exit status."""
    with explained():
        built = build(settings)
    name = process_name(os.getpid())

    def beat() -> None:
        built.scans.beat(name, (WEBHOOKS_QUEUE,))

    worker: Worker = sender_app(broker(settings), built.sender).Worker(
        queues=[WEBHOOKS_QUEUE],
        concurrency=threads,
        pool="threads",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )

    def ready(**_signal: object) -> None:
        log.info("ready", extra={"worker": name, "queues": (WEBHOOKS_QUEUE,)})

    def stop(**_signal: object) -> None:
        built.sender.stop()

    worker_ready.connect(ready, weak=False)
    worker_shutting_down.connect(stop, weak=False)
    with (
        Clockwork(beat, seconds=BEAT_SECONDS, name="presence"),
        Clockwork(built.ringer.ring, pulse.beat, seconds=RING_SECONDS, name="ringer"),
    ):
        worker.start()
    with suppress(SQLAlchemyError):  # it will be forgotten by itself
        built.scans.leave(name)
    built.scans.close()
    return worker.exitcode or 0
