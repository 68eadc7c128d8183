"""What a worker process does before its first scan and beside all of them."""

import logging
import mmap
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from celery.signals import worker_process_init, worker_process_shutdown
from sqlalchemy.exc import SQLAlchemyError

from detectors.errors import DetectorError
from detectors.heap import give_back
from provenance.errors import ProvenanceError
from service import tracing
from service.db.lifecycle import BEAT_SECONDS
from service.errors import ServiceError, SettingsInvalid
from service.scans.clockwork import Clockwork
from service.startup import MISCONFIGURED
from workers import pulse
from workers.ahead import kinds_of
from workers.container import Container, container
from workers.daily import Daily

log = logging.getLogger(__name__)

SILENCE_SECONDS: Final = 30.0
PAUSES: Final = (1, 2, 4, 8, 15, 30)  # seconds; Celery gives up on a child after two minutes

DAILY_LOOK_SECONDS: Final = 60.0

FETCHERS: Final = 4
"""Addresses of batches that each process fetches at a time."""
FETCH_PAUSE: Final = 1.0
FETCHED_AT_ONCE: Final = 50
"""After so many a fetcher rests, so that one told to stop ends."""


class Ending:
    """How the worker has to end, told by a child that cannot start, in memory both share."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    @property
    def status(self) -> int:
        return self._byte[0]

    def tell(self, status: int) -> None:
        self._byte[0] = status


def install(queues: tuple[str, ...]) -> Ending:
    """Prepare each child process of the pool right after its fork, and tidy up after it."""
    parent = os.getpid()
    ending = Ending()
    clocks: list[Clockwork] = []
    leisurely: list[Clockwork] = []
    flush: list[Callable[[], None]] = []

    def prepare(**_signal: object) -> None:
        with _or_die(parent, ending):
            flush.append(tracing.configure("assay-worker"))
            held = _patiently(container)
            held.pipeline.warm(kinds_of(queues))
            give_back()
        pace = held.settings.leases.reconcile_seconds

        def beat() -> None:
            held.scans.beat(held.name, queues, held.pipeline.pins())

        reconciler = Clockwork(
            beat,
            lambda: held.scans.reconcile(held.name),
            held.uploads.expire,
            held.batches.round,
            held.sender.upkeep,
            seconds=pace,
            name="reconciler",
        )
        clocks.extend(
            (
                Clockwork(lambda: _end_with(parent), pulse.beat, seconds=1.0),
                reconciler,
                Clockwork(
                    beat,
                    lambda: _watch(reconciler, 4 * pace),
                    seconds=BEAT_SECONDS,
                ),
            )
        )
        if held.settings.daily_checks:
            daily = Daily(held.database, held.pipeline, queues)
            checks = Clockwork(daily.round, seconds=DAILY_LOOK_SECONDS, name="daily")
            leisurely.append(checks)
        leisurely.extend(
            Clockwork(lambda: _take_in(held), seconds=FETCH_PAUSE, name="fetcher")
            for _ in range(FETCHERS)
        )
        for clock in (*clocks, *leisurely):
            clock.start()
        log.info("ready", extra={"worker": held.name, "queues": queues})

    def leave(**_signal: object) -> None:
        for clock in leisurely:
            clock.dismiss()  # one may wait for a slow site, and a check takes its time
        for clock in clocks:
            clock.stop()
        held = container()
        with suppress(SQLAlchemyError):  # it will be forgotten by itself
            held.scans.leave(held.name)
        held.pipeline.close()
        for send_rest in flush:
            send_rest()

    worker_process_init.connect(prepare, weak=False)
    worker_process_shutdown.connect(leave, weak=False)
    return ending


def _patiently(build: Callable[[], Container]) -> Container:
    """The settings led to parts that worked when the worker started; now one of them is away."""
    for pause in PAUSES:
        try:
            return build()
        except SettingsInvalid as error:
            log.error("not ready yet: %s", error)
            time.sleep(pause)
    return build()


@contextmanager
def _or_die(parent: int, ending: Ending) -> Iterator[None]:
    """Celery logs what a signal handler raises and uses the half-made process all the same.

    It also replaces a process that dies, for ever; so the worker ends with it.
    """
    status = os.EX_SOFTWARE
    try:
        yield
        status = 0
    except (ServiceError, DetectorError, ProvenanceError) as error:
        log.critical("this worker cannot start: %s [%s]", error, error.code)
        status = MISCONFIGURED
    finally:
        if status:
            if status != MISCONFIGURED:
                log.critical("this worker process cannot start", exc_info=True)
            ending.tell(status)
            os.kill(parent, signal.SIGTERM)
            os._exit(status)


def _take_in(held: Container) -> None:
    for _ in range(FETCHED_AT_ONCE):
        if not held.batches.take_in(held.name):
            return


def _watch(reconciler: Clockwork, most: float) -> None:
    """Readiness tells the world; the log tells where."""
    if reconciler.silence > max(most, SILENCE_SECONDS):
        log.critical("no round of the reconciler for %.0f s", reconciler.silence)


def _end_with(parent: int) -> None:
    """A killed parent leaves its pool waiting for messages that nobody hands over any more."""
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
