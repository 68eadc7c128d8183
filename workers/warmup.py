"""What a worker process does before its first scan and beside all of them."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from celery.signals import worker_process_init, worker_process_shutdown

from detectors.base import Kind
from service.scans.queue import PROVENANCE_QUEUE
from service.scans.reconcile import Clockwork
from service.scans.use_cases import BEAT_SECONDS
from workers.container import container

log = logging.getLogger(__name__)


def install(queues: tuple[str, ...]) -> None:
    """Prepare each child process of the pool right after its fork, and tidy up after it."""
    parent = os.getpid()
    clocks: list[Clockwork] = []

    def prepare(**_signal: object) -> None:
        with _or_die():
            held = container()
            held.pipeline.warm(kinds_of(queues))
        clocks.extend(
            (
                Clockwork(lambda: _end_with(parent), seconds=1.0),
                Clockwork(held.scans.reconcile, seconds=held.settings.leases.reconcile_seconds),
                Clockwork(lambda: held.scans.beat(held.name, queues), seconds=BEAT_SECONDS),
            )
        )
        for clock in clocks:
            clock.start()
        log.info("ready", extra={"worker": held.name, "queues": queues})

    def leave(**_signal: object) -> None:
        for clock in clocks:
            clock.stop()
        held = container()
        held.scans.leave(held.name)
        held.pipeline.close()

    worker_process_init.connect(prepare, weak=False)
    worker_process_shutdown.connect(leave, weak=False)


def kinds_of(queues: tuple[str, ...]) -> tuple[Kind, ...]:
    """The kinds of media whose models these queues need."""
    return tuple(Kind(queue) for queue in queues if queue != PROVENANCE_QUEUE)


@contextmanager
def _or_die() -> Iterator[None]:
    """Celery logs what a signal handler raises and uses the half-made process all the same."""
    started = False
    try:
        yield
        started = True
    finally:
        if not started:
            log.critical("this worker process cannot start", exc_info=True)
            os._exit(os.EX_UNAVAILABLE)


def _end_with(parent: int) -> None:
    """A killed parent leaves its pool waiting for messages that nobody hands over any more."""
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
