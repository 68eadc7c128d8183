"""How scans wake workers: a Celery message that carries an id and nothing else."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol, Self

import kombu
from celery import Celery
from kombu.exceptions import ChannelError, KombuError

from detectors.base import Kind
from service.db.lifecycle import PROVENANCE_QUEUE, VIEWS_QUEUE, WEBHOOKS_QUEUE
from service.errors import QueueUnavailable
from service.reporting.report import Profile

SCAN_TASK: Final = "assay.scan"
VIEW_TASK: Final = "assay.view"
WEBHOOK_TASK: Final = "assay.webhook"
QUEUES: Final = (*(kind.value for kind in Kind), PROVENANCE_QUEUE)
"""Of scans. Webhooks have one of their own, so that a slow receiver never holds a scan."""

# Seconds between looks into the folder of the embedded broker: adds half of it to a scan.
POLL_SECONDS: Final = 0.02
# A broker that took a connection and says nothing more must not hold up whoever rings it.
SILENCE_SECONDS: Final = 10
# Long enough for the slowest scan, so that Redis does not hand a running one to a second worker.
VISIBILITY_SECONDS: Final = 7200


def queue_for(kind: Kind | None, profile: Profile) -> str:
    """Provenance alone needs no model, so it does not wait behind those that do."""
    if kind is None or profile is Profile.PROVENANCE:
        return PROVENANCE_QUEUE
    return kind.value


class Queue(Protocol):
    """Carries ids to workers, at least once as long as it lives; the database covers the rest."""

    def enqueue(self, scan_id: str, queue: str) -> None:
        """Raises `QueueUnavailable`."""
        ...

    def enqueue_all(self, messages: Sequence[tuple[str, str]]) -> None:
        """Several, each an id and a queue. Raises `QueueUnavailable`; some may have been sent then."""
        ...

    def depth(self, queue: str) -> int:
        """How many messages wait. Raises `QueueUnavailable`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the messages are and how to talk to it."""

    url: str
    transport: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def at(cls, url: str, more: Mapping[str, Any] | None = None) -> Self:
        """A broker that runs as a server, such as `redis://host:6379/0`.

        With `sentinel://` addresses, `more` options of the transport name the master.
        """
        options = {
            "visibility_timeout": VISIBILITY_SECONDS,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
        }
        return cls(url=url, options={**options, **(more or {})})

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """The embedded broker."""
        options = {"folder": str(folder), "polling_interval": POLL_SECONDS}
        return cls(
            url="memory://localhost", transport="service.scans.broker:Transport", options=options
        )


def celery_app(broker: Broker) -> Celery:
    """A Celery application on this broker: JSON only, no results, nothing pickled."""
    app = Celery("assay", set_as_current=False)
    app.conf.update(
        broker_url=broker.url,
        broker_transport=broker.transport,
        broker_transport_options=broker.options,
        broker_connection_timeout=3,
        broker_connection_retry_on_startup=True,
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        result_backend=None,
        task_queues=tuple(
            kombu.Queue(name, exchange="", routing_key=name)
            for name in (*QUEUES, VIEWS_QUEUE, WEBHOOKS_QUEUE)
        ),
        task_default_queue=PROVENANCE_QUEUE,
        enable_utc=True,
    )
    return app


class CeleryQueue:
    """A `Queue` that publishes by task name, so that the web process knows no task."""

    def __init__(self, broker: Broker, task: str = SCAN_TASK) -> None:
        self._task = task
        once = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
        options = broker.options | {"socket_timeout": SILENCE_SECONDS} | once
        self._app = celery_app(replace(broker, options=options))
        self._declared: set[str] = set()

    def enqueue(self, scan_id: str, queue: str) -> None:
        self.enqueue_all(((scan_id, queue),))

    def enqueue_all(self, messages: Sequence[tuple[str, str]]) -> None:
        """All in one round trip, once more where that fails: a worker woken twice does no harm."""
        with self._translated():
            try:
                self._send(messages)
            except self._broken:
                self._send(messages)

    def _send(self, messages: Sequence[tuple[str, str]]) -> None:
        with self._app.producer_pool.acquire(block=True) as producer:
            together = producer.batch()  # type: ignore[attr-defined] # newer than its stubs
            with together:
                for scan_id, queue in messages:
                    self._put(producer, scan_id, queue)
        self._declared.update(queue for _, queue in messages)

    def _put(self, producer: kombu.Producer, scan_id: str, queue: str) -> None:
        """As `Celery.send_task` does, less what is only for results, routes and new queues."""
        amqp = self._app.amqp
        known = queue in self._declared
        amqp.send_task_message(
            producer,
            self._task,
            amqp.as_task_v2(str(uuid.uuid4()), self._task, args=(scan_id,)),
            queue=queue,
            retry=False,
            declare=[] if known else None,
        )

    def depth(self, queue: str) -> int:
        with self._translated(), self._app.connection_or_acquire() as connection:
            channel = connection.default_channel
            try:
                return int(channel.queue_declare(queue=queue, passive=True).message_count)
            except ChannelError:
                return 0

    def close(self) -> None:
        self._app.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Every client has errors of its own for a broker that went away; its transport names them."""
        try:
            yield
        except self._broken as error:
            raise QueueUnavailable("the broker does not answer") from error

    @cached_property
    def _broken(self) -> tuple[type[BaseException], ...]:
        with self._app.connection_for_write() as connection:
            return (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)
