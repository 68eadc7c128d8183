"""`python -m workers --queues image,video --concurrency 2`: run scans until told to stop."""

import argparse
import os

from celery.apps.worker import Worker
from celery.signals import setup_logging

from service import logs
from service.db.lifecycle import WEBHOOKS_QUEUE
from service.scans.queue import QUEUES
from service.settings import Settings, read_settings
from service.startup import explained
from service.wiring import broker, build_scans
from workers import senders, stopping, warmup
from workers.celery_app import worker_app
from workers.pool import TaskPool


def main() -> int:
    """Run scans, or send webhooks, until SIGTERM or SIGINT.

    Scans that run then go back to the queue at once; a webhook that is under way is finished. One
    sentence and exit status 2 when the settings make no sense.
    """
    arguments = _parser().parse_args()
    os.nice(arguments.nice)
    with explained():
        settings = read_settings()
        logs.configure(json=settings.log_json)
    setup_logging.connect(_keep_logging)
    if arguments.queues == (WEBHOOKS_QUEUE,):
        return senders.run(settings, threads=arguments.concurrency or senders.THREADS)
    return _run_scans(settings, arguments.queues, arguments.concurrency or 1)


def _run_scans(settings: Settings, queues: tuple[str, ...], concurrency: int) -> int:
    with explained():
        build_scans(settings).close()  # says what is wrong here, once, and not in every child
    ending = warmup.install(queues)
    app = worker_app(broker(settings), run_seconds=settings.leases.run_seconds)
    worker: Worker = app.Worker(
        queues=list(queues),
        concurrency=concurrency,
        pool=TaskPool,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    stopping.install(worker, settings)
    worker.start()
    return ending.status or worker.exitcode or 0


def _keep_logging(**_signal: object) -> None:
    """With a receiver of this signal Celery leaves logging as it is."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=main.__doc__)
    parser.add_argument(
        "--queues",
        type=_queues,
        default=QUEUES,
        help=f"some of {','.join(QUEUES)}, or {WEBHOOKS_QUEUE} alone; default: all of scans",
    )
    parser.add_argument(
        "--concurrency",
        type=int,
        help=f"scans at a time, default: 1; endpoints told at a time, default: {senders.THREADS}",
    )
    parser.add_argument(
        "--nice",
        type=int,
        choices=range(20),
        default=0,
        metavar="N",
        help="let others on this machine go first, 0 to 19; default: 0",
    )
    return parser


def _queues(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if WEBHOOKS_QUEUE in names and len(names) > 1:
        raise argparse.ArgumentTypeError(
            f"{WEBHOOKS_QUEUE} has a worker of its own: slow receivers would hold up scans"
        )
    unknown = [name for name in names if name not in (*QUEUES, WEBHOOKS_QUEUE)]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such queue: {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    raise SystemExit(main())
