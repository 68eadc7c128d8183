"""Celery tasks. Each takes an id, calls one use case, and is safe to run twice."""

from celery import Celery

from service.scans.queue import SCAN_TASK
from workers.container import container


def register(app: Celery) -> None:
    """Give an application its tasks."""

    @app.task(name=SCAN_TASK, shared=False, Request="workers.request:ReconnectingRequest")
    def run_scan(scan_id: str) -> None:
        """Analyse one stored upload; a scan that already has a report is left alone."""
        held = container()
        held.scans.run(scan_id, worker=held.name)
        held.batches.scan_ended(scan_id)
