"""`python -m workers --queues image,video --concurrency 2`: run scans until told to stop."""

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import repeat

from service import logs
from service.db.lifecycle import WEBHOOKS_QUEUE
from service.scans.queue import QUEUES
from service.settings import Settings, read_settings
from service.startup import explained
from workers import pulse
from workers.lanes import Lane


def main() -> int:
    """Run scans, or send webhooks, until SIGTERM or SIGINT.

    Scans that run then go back to the queue at once; a webhook that is under way is finished. One
    sentence and exit status 2 when the settings make no sense.
    """
    parser = _parser()
    arguments = parser.parse_args()
    chosen = arguments.queues or [QUEUES]
    nices, ports = arguments.nice or [0], arguments.metrics_port or []
    if len(nices) != len(chosen) or len(ports) not in (0, len(chosen)):
        parser.error("--queues, --nice and --metrics-port go together")
    if len(chosen) > 1 and (WEBHOOKS_QUEUE,) in chosen:
        parser.error("webhooks has a worker of its own: slow receivers would hold up scans")
    os.nice(min(nices))
    with ExitStack() as stack:
        with explained():
            settings = read_settings()
            logs.configure(json=settings.log_json)
            lanes = [
                Lane(queues=queues, nice=nice - min(nices), port=port)
                for queues, nice, port in zip(
                    chosen, nices, ports or repeat(settings.metrics.port), strict=False
                )
            ]
            if any(lane.port for lane in lanes):
                stack.enter_context(pulse.counting())
        return _work(settings, lanes, arguments.concurrency)


def _work(settings: Settings, lanes: Sequence[Lane], concurrency: int | None) -> int:
    from workers.run import work  # what it imports counts where `pulse.counting` says

    return work(settings, lanes, concurrency)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=main.__doc__)
    parser.add_argument(
        "--queues",
        type=_queues,
        action="append",
        help=f"some of {','.join(QUEUES)}, or {WEBHOOKS_QUEUE} alone; default: all of scans; given more "
        "than once: a worker for each, which share what they loaded",
    )
    parser.add_argument(
        "--concurrency",
        type=int,
        help="scans at a time, default: 1; or endpoints of webhooks that are told at a time",
    )
    parser.add_argument(
        "--nice",
        type=int,
        action="append",
        choices=range(20),
        metavar="N",
        help="let others on this machine go first, 0 to 19; default: 0; once for each --queues",
    )
    parser.add_argument(
        "--metrics-port",
        type=int,
        action="append",
        metavar="PORT",
        help="for Prometheus, once for each --queues; default: the configured one",
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
