"""`python -m workers --queues image,video --concurrency 2`: run scans until told to stop."""

import argparse
import os

from celery.apps.worker import Worker
from celery.signals import setup_logging

from service import logs
from service.scans.queue import QUEUES
from service.settings import read_settings
from service.startup import explained
from service.wiring import broker, build_scans
from workers import stopping, warmup
from workers.celery_app import worker_app
from workers.pool import TaskPool


def main() -> int:
    """SIGTERM or SIGINT hands the scans that run back to the queue at once and stops.

    One sentence and exit status 2 when the settings make no sense.
    """
    arguments = _parser().parse_args()
    os.nice(arguments.nice)
    with explained():
        settings = read_settings()
        logs.configure(json=settings.log_json)
        build_scans(settings).close()  # says what is wrong here, once, and not in every child
    setup_logging.connect(_keep_logging)
    ending = warmup.install(arguments.queues)
    app = worker_app(broker(settings), run_seconds=settings.leases.run_seconds)
    worker: Worker = app.Worker(
        queues=list(arguments.queues),
        concurrency=arguments.concurrency,
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
        "--queues", type=_queues, default=QUEUES, help=f"some of {','.join(QUEUES)}; default: all"
    )
    parser.add_argument("--concurrency", type=int, default=1, help="scans at a time; default: 1")
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
    unknown = [name for name in names if name not in QUEUES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such queue: {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    raise SystemExit(main())
