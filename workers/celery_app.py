"""The workers' Celery applications: scans in child processes that can be killed, webhooks in threads."""

from typing import Final

from celery import Celery

from service.scans.queue import Broker, celery_app
from service.webhooks.sending import Sender
from workers import tasks

GRACE_SECONDS: Final = 30
"""Between the soft limit, an exception in the task, and the hard one, which kills the child."""

_QUIET: Final = {
    "worker_prefetch_multiplier": 1,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_max_retries": None,
}
"""Nothing is taken ahead. Events, gossip and remote control are off: each would poll queues of its
own."""


def worker_app(broker: Broker, *, run_seconds: int) -> Celery:
    """For scans. Prefork: the only pool with time limits that hold against native code.

    Messages are acknowledged after the work.
    """
    app = celery_app(broker)
    app.conf.update(
        _QUIET,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=run_seconds,
        task_time_limit=run_seconds + GRACE_SECONDS,
        worker_proc_alive_timeout=120,
    )
    tasks.register(app)
    return app


def sender_app(broker: Broker, sender: Sender) -> Celery:
    """For webhooks. Threads: all they do is wait, and the guarded fetcher ends every wait in time.

    Messages are acknowledged as they are taken: the rows say what is due, and ring again.
    """
    app = celery_app(broker)
    app.conf.update(_QUIET)
    tasks.register_sending(app, sender)
    return app
