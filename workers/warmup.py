"""What a worker process does before its first scan and beside all of them."""

import logging
import os
import signal

from celery.signals import worker_process_init, worker_process_shutdown

from detectors.base import Kind
from service.queue import PROVENANCE_QUEUE
from service.reconcile import Clockwork
from service.scans import BEAT_SECONDS
from workers.container import container

log = logging.getLogger(__name__)


def install(queues: tuple[str, ...]) -> None:
    """Prepare each child process of the pool right after its fork."""
    parent = os.getpid()

    def prepare(**_signal: object) -> None:
        held = container()
        held.pipeline.warm(kinds_of(queues))
        Clockwork(lambda: _end_with(parent), seconds=1.0).start()
        Clockwork(held.scans.reconcile, seconds=held.settings.leases.reconcile_seconds).start()
        Clockwork(lambda: held.scans.beat(held.name, queues), seconds=BEAT_SECONDS).start()
        log.info("ready", extra={"worker": held.name, "queues": queues})

    def leave(**_signal: object) -> None:
        held = container()
        held.scans.leave(held.name)
        held.pipeline.close()

    worker_process_init.connect(prepare, weak=False)
    worker_process_shutdown.connect(leave, weak=False)


def kinds_of(queues: tuple[str, ...]) -> tuple[Kind, ...]:
    """The kinds of media whose models these queues need."""
    return tuple(Kind(queue) for queue in queues if queue != PROVENANCE_QUEUE)


def _end_with(parent: int) -> None:
    """A killed parent leaves its pool waiting for messages that nobody hands over any more."""
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
