"""The prefork pool, made to survive the death of its only child.

Where the transport has no event loop, as the embedded broker, the pool's children share a pipe whose
read lock each holds while it waits for work. A child that is killed then takes the lock with it, and
the child that replaces it waits for ever. A pool of one process needs no lock.
"""

from types import TracebackType
from typing import Any

from billiard.pool import Pool
from celery.concurrency import prefork


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


class LonePool(Pool):
    """Billiard's pool of one process, without locks on its pipes."""

    _inqueue: Any
    _outqueue: Any

    def _setup_queues(self) -> None:
        super()._setup_queues()  # type: ignore[misc]  # the stubs leave it out
        self._inqueue._rlock = _Open()
        self._outqueue._wlock = _Open()


class TaskPool(prefork.TaskPool):
    """Celery's prefork pool, over `LonePool` where it has one process."""

    @property
    def BlockingPool(self) -> type[Pool]:  # type: ignore[override]  # noqa: N802 (Celery's name)
        return LonePool if self.limit == 1 else Pool
