"""Figures of the whole installation, asked of its database whenever Prometheus does."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from service.db import standing
from service.db.checks import DRIFT, Checked, CheckRows
from service.db.engine import Database
from service.db.lifecycle import Readiness
from service.db.quarantine import in_quarantine
from service.db.webhook_sending import Lag, SendingRows

PARTS: Final = ("database", "storage", "broker", "reconciler")


class Installation(Collector):
    """Every API process tells the same of these, so queries take the greatest, never the sum."""

    def __init__(
        self, database: Database, ready: Callable[[], Readiness], queues: tuple[str, ...]
    ) -> None:
        self._database = database
        self._ready = ready
        self._queues = queues

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Raises nothing: without a database that alone is told."""
        try:
            told = tuple(self._told())
        except SQLAlchemyError:
            told = (_up({"database": False}),)
        yield from told

    def _told(self) -> Iterator[GaugeMetricFamily]:
        ready = self._ready()
        yield _up({part: getattr(ready, part) for part in PARTS})
        if ready.database:
            yield self._workers(ready)
            yield _held(ready)
            yield from self._waiting(self._database.now())

    def _workers(self, readiness: Readiness) -> GaugeMetricFamily:
        family = _family("assay_workers", "Worker processes that take scans of a queue", "queue")
        alive = Counter(queue for worker in readiness.workers for queue in worker.queues)
        for queue in self._queues:
            family.add_metric([queue], alive[queue])
        return family

    def _waiting(self, now: datetime) -> Iterator[GaugeMetricFamily]:
        waiting = _family("assay_queue_scans", "Scans that wait for a worker", "queue")
        running = _family("assay_queue_running", "Scans that a worker has", "queue")
        age = _family(
            "assay_queue_age_seconds",
            "Seconds since the scan that waits longest was accepted",
            "queue",
        )
        stands = {item.queue: item for item in standing.queues(self._database)}
        for queue in self._queues:
            item = stands.get(queue)
            waiting.add_metric([queue], item.waiting if item else 0)
            running.add_metric([queue], item.running if item else 0)
            age.add_metric([queue], _seconds(item.oldest if item else None, now))
        yield from (waiting, running, age)
        kept = _family("assay_quarantine_scans", "Scans that are not tried any more by themselves")
        kept.add_metric([], in_quarantine(self._database))
        yield kept
        yield from _telling(SendingRows(self._database).lag(now))
        yield from _checked(CheckRows(self._database).all(), now)


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _up(parts: Mapping[str, bool]) -> GaugeMetricFamily:
    family = _family("assay_part_up", "Whether a part that scans need answers", "part")
    for part, up in parts.items():
        family.add_metric([part], int(up))
    return family


def _held(readiness: Readiness) -> GaugeMetricFamily:
    family = _family(
        "assay_retention_held",
        "Whether so much is past its retention at once that nothing is deleted unasked",
    )
    family.add_metric([], int(readiness.overdue.held))
    return family


def _telling(lag: Lag) -> Iterator[GaugeMetricFamily]:
    waiting = _family("assay_webhooks_waiting", "Deliveries of webhooks that wait")
    waiting.add_metric([], lag.waiting)
    late = _family("assay_webhook_lag_seconds", "Seconds since the oldest event that waits")
    late.add_metric([], lag.seconds or 0.0)
    yield from (waiting, late)


def _checked(checks: Sequence[Checked], now: datetime) -> Iterator[GaugeMetricFamily]:
    fine = _family("assay_check_fine", "Whether a daily check found all as it should be", "check")
    age = _family("assay_check_age_seconds", "Seconds since a daily check was made", "check")
    spent = _family("assay_check_seconds", "Seconds that a daily check took", "check")
    drifted = _family(
        "assay_drift_effect",
        "Greatest distance between two distributions that counts as drift, of any tenant; 0: none",
        *("detector", "question"),
    )
    for check in checks:
        fine.add_metric([check.name], int(check.fine))
        age.add_metric([check.name], _seconds(check.ended_at, now))
        spent.add_metric([check.name], check.seconds)
        if check.name == DRIFT:
            for name, effect in sorted(check.figures.items()):
                drifted.add_metric(name.split(" "), effect)
    yield from (fine, age, spent, drifted)


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
