"""Scans over a real database and folder, with a clock, a queue and an engine that tests steer."""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

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


@dataclass(slots=True)
class Messages:
    """A queue one can look into, lose messages of, and break."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def enqueue(self, scan_id: str, queue: str) -> None:
        self._check()
        self.sent.append((scan_id, queue))

    def depth(self, queue: str) -> int:
        self._check()
        return Counter(name for _, name in self.sent)[queue]

    def _check(self) -> None:
        if self.broken:
            raise QueueUnavailable("the broker does not answer")


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


def office(database: Database, folder: Path, store: BlobStore | None = None) -> Office:
    """A new office on an empty database; without another store it keeps its files in the folder."""
    engine, queue, clock, store = Engine(), Messages(), Clock(), store or FolderStore(folder)
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
