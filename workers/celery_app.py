"""The worker's Celery application: one scan at a time in a child process that can be killed."""

from typing import Final

from celery import Celery

from service.scans.queue import Broker, celery_app
from workers.tasks import register

GRACE_SECONDS: Final = 30
"""Between the soft limit, an exception in the task, and the hard one, which kills the child."""


def worker_app(broker: Broker, *, run_seconds: int) -> Celery:
    """Prefork: the only pool with time limits that hold against native code.

    Nothing is taken ahead and messages are acknowledged after the work. Events, gossip and remote
    control are off: each would poll queues of its own.
    """
    app = celery_app(broker)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=run_seconds,
        task_time_limit=run_seconds + GRACE_SECONDS,
        worker_prefetch_multiplier=1,
        worker_proc_alive_timeout=120,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_max_retries=None,
    )
    register(app)
    return app
