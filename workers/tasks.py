"""Celery tasks. Each takes an id, calls one use case, and is safe to run twice."""

from celery import Celery, Task

from service.scans.queue import SCAN_TASK
from workers.container import container


def register(app: Celery) -> None:
    """Give an application its tasks."""

    @app.task(
        bind=True, name=SCAN_TASK, shared=False, Request="workers.request:ReconnectingRequest"
    )
    def run_scan(task: Task[[str], None], scan_id: str) -> None:
        """Analyse the stored upload whose turn it is; one that has a report is left alone."""
        held = container()
        queue = (task.request.delivery_info or {}).get("routing_key")
        ran = held.scans.run(scan_id, worker=held.name, queue=queue)
        held.batches.scan_ended(ran or scan_id)
