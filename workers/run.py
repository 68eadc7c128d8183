"""One worker from its first connection to its last scan: Celery over our pool, or the sender."""

import logging
import warnings
from collections.abc import Sequence
from contextlib import nullcontext

from celery.apps.worker import Worker
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging

from detectors import heap
from detectors.errors import DetectorError
from provenance.errors import ProvenanceError
from service.db.lifecycle import VIEWS_QUEUE, WEBHOOKS_QUEUE
from service.errors import SettingsInvalid
from service.settings import Settings
from service.startup import MISCONFIGURED, explained
from service.wiring import broker, build_scans
from workers import deaths, pulse, senders, stopping, warmup
from workers.ahead import load_ahead
from workers.celery_app import worker_app
from workers.lanes import Lane, side_by_side
from workers.pool import TaskPool

log = logging.getLogger(__name__)


def work(settings: Settings, lanes: Sequence[Lane], concurrency: int | None) -> int:
    """Work until told to stop; returns the exit status. `concurrency` None: as many as is usual."""
    setup_logging.connect(_keep_logging)
    warnings.simplefilter("ignore", SecurityWarning)  # who starts workers has said so, once
    if lanes[0].queues == (WEBHOOKS_QUEUE,):
        with explained():
            pulse.listen(settings.metrics.host, lanes[0].port)
        return senders.run(settings, threads=concurrency or senders.THREADS)
    heap.use_one()
    try:
        with explained():
            _prepare(settings, lanes, concurrency or 1)
    except (DetectorError, ProvenanceError) as error:
        log.critical("this worker cannot start: %s [%s]", error, error.code)
        return MISCONFIGURED
    if len(lanes) == 1:
        return _run_scans(settings, lanes[0], concurrency or 1)
    return side_by_side(lanes, lambda lane: _counted(settings, lane, concurrency or 1))


def _prepare(settings: Settings, lanes: Sequence[Lane], concurrency: int) -> None:
    if concurrency > 1 and settings.broker_url is None:
        raise SettingsInvalid(
            "the embedded broker feeds one scan at a time to a worker: start several workers, "
            "or set ASSAY_BROKER_URL"
        )
    build_scans(settings).close()  # says what is wrong here, once, and not in every child
    load_ahead(settings, tuple(queue for lane in lanes for queue in lane.queues))


def _counted(settings: Settings, lane: Lane, concurrency: int) -> int:
    """A lane among several counts for itself."""
    with pulse.counting() if lane.port else nullcontext():
        return _run_scans(settings, lane, concurrency)


def _run_scans(settings: Settings, lane: Lane, concurrency: int) -> int:
    with explained():
        pulse.listen(settings.metrics.host, lane.port)
    ending = warmup.install(lane.queues)
    app = worker_app(broker(settings), run_seconds=settings.leases.run_seconds)
    worker: Worker = app.Worker(
        queues=[*lane.queues, VIEWS_QUEUE],
        concurrency=concurrency,
        pool=TaskPool,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    stopping.install(worker, settings)
    deaths.install(settings)
    worker.start()
    return ending.status or worker.exitcode or 0


def _keep_logging(**_signal: object) -> None:
    """With a receiver of this signal Celery leaves logging as it is."""
