"""`python -m workers --queues image,video --concurrency 2`: run scans until told to stop."""

import argparse
import os
from contextlib import ExitStack

from service import logs
from service.db.lifecycle import WEBHOOKS_QUEUE
from service.scans.queue import QUEUES
from service.settings import Settings, read_settings
from service.startup import explained
from workers import pulse


def main() -> int:
    """Run scans, or send webhooks, until SIGTERM or SIGINT.

    Scans that run then go back to the queue at once; a webhook that is under way is finished. One
    sentence and exit status 2 when the settings make no sense.
    """
    arguments = _parser().parse_args()
    os.nice(arguments.nice)
    with ExitStack() as stack:
        with explained():
            settings = read_settings()
            logs.configure(json=settings.log_json)
            if settings.metrics.port:
                stack.enter_context(pulse.counting())
        return _work(settings, arguments.queues, arguments.concurrency)


def _work(settings: Settings, queues: tuple[str, ...], concurrency: int | None) -> int:
    from workers.run import work  # what it imports counts where `pulse.counting` says

    return work(settings, queues, concurrency)


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
        help="scans at a time, default: 1; or endpoints of webhooks that are told at a time",
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
