"""One worker from its first connection to its last scan: Celery over our pool, or the sender."""

import warnings

from celery.apps.worker import Worker
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging

from service.db.lifecycle import VIEWS_QUEUE, WEBHOOKS_QUEUE
from service.errors import SettingsInvalid
from service.settings import Settings
from service.startup import explained
from service.wiring import broker, build_scans
from workers import deaths, pulse, senders, stopping, warmup
from workers.celery_app import worker_app
from workers.pool import TaskPool


def work(settings: Settings, queues: tuple[str, ...], concurrency: int | None) -> int:
    """Work until told to stop; returns the exit status. `concurrency` None: as many as is usual."""
    with explained():
        pulse.listen(settings.metrics.host, settings.metrics.port)
    setup_logging.connect(_keep_logging)
    warnings.simplefilter("ignore", SecurityWarning)  # who starts workers has said so, once
    if queues == (WEBHOOKS_QUEUE,):
        return senders.run(settings, threads=concurrency or senders.THREADS)
    return _run_scans(settings, queues, concurrency or 1)


def _run_scans(settings: Settings, queues: tuple[str, ...], concurrency: int) -> int:
    with explained():
        if concurrency > 1 and settings.broker_url is None:
            raise SettingsInvalid(
                "the embedded broker feeds one scan at a time to a worker: start several workers, "
                "or set ASSAY_BROKER_URL"
            )
        build_scans(settings).close()  # says what is wrong here, once, and not in every child
    ending = warmup.install(queues)
    app = worker_app(broker(settings), run_seconds=settings.leases.run_seconds)
    worker: Worker = app.Worker(
        queues=[*queues, VIEWS_QUEUE],
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
