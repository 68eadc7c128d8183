"""Scans over a real database and folder, with a clock, a queue and an engine that tests steer."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, overload

import kombu

from detectors.base import Kind
from service.analysis.pipeline import Analysis
from service.analysis.progress import Listener, Progress, Stage
from service.analysis.source import Source
from service.db.engine import Database
from service.db.lifecycle import Scan
from service.errors import QueueUnavailable
from service.reporting.report import Profile, Report
from service.reporting.signature import ReportSigner
from service.scans.intake import receive_all
from service.scans.policy import ScanPolicy
from service.scans.queue import Broker, CeleryQueue, celery_app
from service.scans.use_cases import Scans
from service.storage.folder import FolderStore
from service.storage.protocol import BlobStore
from tests.media import jpeg, photo_like
from tests.service import reports

PICTURE: Final = jpeg(photo_like(64, 48))
LIMITS: Final = dict.fromkeys(Kind, 1_000_000)
POLICY: Final = ScanPolicy(
    upload_limits=LIMITS,
    keep=timedelta(days=7),
    lease_seconds=60,
    attempts=3,
    resend_after=timedelta(seconds=10),
    orphan_after=timedelta(hours=1),
    sweep_every=timedelta(0),
)


@dataclass(slots=True)
class Clock:
    """Stands still until a test moves it."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


class Messages:
    """A real broker's queue that one can look into, lose messages of, and break."""

    def __init__(self, broker: Broker) -> None:
        self.broken = False
        self._queue = CeleryQueue(broker)
        self._broker = broker
        self._order: list[tuple[str, str]] = []

    @property
    def sent(self) -> "Sent":
        return Sent(self)

    def enqueue(self, scan_id: str, queue: str) -> None:
        self._check()
        self._order.append((scan_id, queue))
        self._queue.enqueue(scan_id, queue)

    def enqueue_all(self, messages: Sequence[tuple[str, str]]) -> None:
        self._check()
        self._order.extend(messages)
        self._queue.enqueue_all(messages)

    def depth(self, queue: str) -> int:
        self._check()
        return self._queue.depth(queue)

    def take_all(self) -> list[tuple[str, str]]:
        """All messages with the names of their queues, as they were sent; none is left."""
        found = []
        with celery_app(self._broker).connection_for_read() as connection:
            for name in {queue for _, queue in self._order}:
                queue = kombu.Queue(name, exchange="", routing_key=name)(connection.default_channel)
                while (message := queue.get(no_ack=True)) is not None:
                    found.append((message.payload[0][0], name))
        return sorted(found, key=self._order.index)

    def put_back(self, messages: Iterable[tuple[str, str]]) -> None:
        for scan_id, queue in messages:
            self._queue.enqueue(scan_id, queue)

    def _check(self) -> None:
        if self.broken:
            raise QueueUnavailable("the broker does not answer")


class Sent(Sequence[tuple[str, str]]):
    """The messages that wait in a broker, as a list out of which some can be taken."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, str]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, str] | list[tuple[str, str]]:
        return self._all()[index]

    def __delitem__(self, index: int | slice) -> None:
        left = self._messages.take_all()
        del left[index]
        self._messages.put_back(left)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._all())

    def pop(self, index: int) -> tuple[str, str]:
        left = self._messages.take_all()
        taken = left.pop(index)
        self._messages.put_back(left)
        return taken

    def clear(self) -> None:
        self._messages.take_all()

    def _all(self) -> list[tuple[str, str]]:
        found = self._messages.take_all()
        self._messages.put_back(found)
        return found


@dataclass(slots=True)
class Engine:
    """Always the same report; `during` runs in the middle of each analysis."""

    during: Callable[[Listener], object] = lambda progress: None
    preview: bytes | None = b"a picture"
    pins: str | None = None
    make: Callable[[], Report] = reports.no_sign_found
    seen: list[str] = field(default_factory=list)

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis:
        self.seen.append(source.name)
        assert source.file.read() == PICTURE
        progress(Progress(Stage.DETECTORS, 0.5, "looking"))
        self.during(progress)
        progress(Progress(Stage.REPORT, 0.9))
        return Analysis(self.make(), self.preview, pins=self.pins)


@dataclass(slots=True)
class Office:
    """Everything a test of scans needs."""

    scans: Scans
    engine: Engine
    queue: Messages
    clock: Clock
    database: Database
    store: BlobStore
    signer: ReportSigner
    folder: Path

    def accept(self, name: str = "photo.jpg", profile: Profile = Profile.FULL) -> Scan:
        received = receive_all(io.BytesIO(PICTURE), self.scans.receive(name))
        return self.scans.accept(received, profile=profile)

    def done(self, name: str = "photo.jpg") -> Scan:
        scan = self.accept(name)
        self.scans.run(scan.id, worker="w")
        return self.scans.get(scan.id)

    def blobs(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))

    def beside(self, **changes: object) -> Scans:
        """The same scans as another process or tenant sees them."""
        parts = {
            "database": self.database,
            "store": self.store,
            "queue": self.queue,
            "policy": POLICY,
            "signer": self.signer,
            "pipeline": self.engine,
            "now": self.clock,
        }
        return Scans(**{**parts, **changes})  # type: ignore[arg-type]


def office(
    database: Database,
    folder: Path,
    broker: Broker | None = None,
    store: BlobStore | None = None,
) -> Office:
    """A new office on an empty database, and on this broker and store or embedded ones."""
    queue = Messages(broker or Broker.in_folder(folder.with_name("broker")))
    engine, clock, store = Engine(), Clock(), store or FolderStore(folder)
    signer = ReportSigner.at(folder.with_name("report.pem"))
    scans = Scans(
        database=database,
        store=store,
        queue=queue,
        policy=POLICY,
        signer=signer,
        pipeline=engine,
        now=clock,
    )
    return Office(scans, engine, queue, clock, database, store, signer, folder)
