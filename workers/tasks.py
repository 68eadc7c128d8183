"""Celery tasks. Each takes an id, calls one use case, and is safe to run twice."""

from typing import Final

from celery import Celery, Task

from detectors.heap import give_back
from service.scans.queue import SCAN_TASK, VIEW_TASK, WEBHOOK_TASK
from service.webhooks.sending import Sender
from workers.container import container

REQUEST: Final = "workers.request:ReconnectingRequest"


def register(app: Celery) -> None:
    """Give an application the tasks of scans and of views."""

    @app.task(bind=True, name=SCAN_TASK, shared=False, Request=REQUEST)
    def run_scan(task: Task[[str], None], scan_id: str) -> None:
        """Analyse the stored upload whose turn it is; one that has a report is left alone."""
        held = container()
        queue = (task.request.delivery_info or {}).get("routing_key")
        ran = held.scans.run(scan_id, worker=held.name, queue=queue)
        held.batches.scan_ended(ran or scan_id)
        give_back()

    @app.task(name=VIEW_TASK, shared=False, Request=REQUEST)
    def draw_views(scan_id: str) -> None:
        """Draw what somebody asked to see of a scan's file; what is drawn already is left alone."""
        container().looking.draw(scan_id)


def register_sending(app: Celery, sender: Sender) -> None:
    """Give an application the task of webhooks."""

    @app.task(name=WEBHOOK_TASK, shared=False, Request=REQUEST)
    def tell(endpoint_id: str) -> None:
        """Send what is due at an endpoint; one that somebody else sends to is left alone."""
        sender.tell(endpoint_id)
