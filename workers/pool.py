"""The prefork pool, made to survive the death of its only child, and to tell of what one died.

Where the transport has no event loop, as the embedded broker, the pool's children share a pipe whose
read lock each holds while it waits for work. A child that is killed then takes the lock with it, and
the child that replaces it waits for ever. A pool of one process needs no lock; there is none of
several (`workers.run`).
"""

from types import TracebackType
from typing import Any

from billiard.pool import Pool
from celery.concurrency import prefork
from celery.concurrency.asynpool import AsynPool

from workers.deaths import child_died


class _Open:
    """A lock that is always free."""

    def acquire(self, *_arguments: object) -> bool:
        return True

    def release(self) -> None: ...

    def __enter__(self) -> bool:
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class _Telling:
    """A pool that says of what its children died."""

    def on_job_process_lost(self, job: object, pid: int, exitcode: int) -> None:
        child_died.send(sender=self, pid=pid, status=exitcode)
        super().on_job_process_lost(job, pid, exitcode)  # type: ignore[misc]  # of the pool


class EventPool(_Telling, AsynPool):
    """Celery's pool over an event loop."""


class LonePool(_Telling, Pool):
    """Billiard's pool of one process, for transports without an event loop; no locks on its pipes."""

    _inqueue: Any
    _outqueue: Any

    def _setup_queues(self) -> None:
        super()._setup_queues()  # type: ignore[misc]  # the stubs leave it out
        self._inqueue._rlock = _Open()
        self._outqueue._wlock = _Open()


class TaskPool(prefork.TaskPool):
    """Celery's prefork pool over one of these."""

    Pool: type[AsynPool] = EventPool
    BlockingPool: type[LonePool] = LonePool
