"""`python -m workers --queues image,video --concurrency 2`: run scans until told to stop."""

import argparse

from celery.apps.worker import Worker
from celery.signals import setup_logging

from service import logs
from service.scans.queue import QUEUES
from service.settings import Settings
from service.wiring import broker
from workers import warmup
from workers.celery_app import worker_app
from workers.pool import TaskPool


def main() -> int:
    """SIGTERM or SIGINT finishes the scans that run, a second one abandons them to a retry."""
    arguments = _parser().parse_args()
    settings = Settings()
    logs.configure(json=settings.log_json)
    setup_logging.connect(_keep_logging)
    warmup.install(arguments.queues)
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
    worker.start()
    return worker.exitcode or 0


def _keep_logging(**_signal: object) -> None:
    """With a receiver of this signal Celery leaves logging as it is."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=main.__doc__)
    parser.add_argument(
        "--queues", type=_queues, default=QUEUES, help=f"some of {','.join(QUEUES)}; default: all"
    )
    parser.add_argument("--concurrency", type=int, default=1, help="scans at a time; default: 1")
    return parser


def _queues(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in QUEUES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such queue: {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    raise SystemExit(main())
