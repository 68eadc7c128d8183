"""The real application over a real database and folder; only the engine is a stand-in."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from detectors.base import Kind
from provenance.published import open_store
from service.access.accounts import Accounts
from service.access.counters import IN_PROCESS
from service.access.door import Door, Doorkeeper
from service.access.keyring import Keyring
from service.access.meter import Meter, Quotas
from service.access.oidc import Provider
from service.access.passwords import Passwords
from service.access.people import People
from service.access.principal import Scope
from service.access.sessions import Sessions
from service.access.tenants import Tenants
from service.analysis.looking.catalogue import Drawn
from service.analysis.pipeline import Analysis
from service.analysis.progress import Listener, Progress, Stage
from service.analysis.source import DEFAULT_TENANT, Source
from service.api.authentication import BearerKeys, Entrance
from service.api.hosts import Hosts
from service.api.proxy import Proxies
from service.api.sessions import Cookies
from service.api.submission import Fetch
from service.app import create_app
from service.db.access import AccessRows
from service.db.engine import Database
from service.errors import QueueUnavailable, UrlRefused
from service.fetch import Guard
from service.reporting.report import Profile, Report
from service.reporting.signature import ReportSigner
from service.scans.batches import Batches
from service.scans.intake import Receiver
from service.scans.looking import Looking, Painter
from service.scans.policy import ScanPolicy
from service.scans.resumable import Uploads
from service.scans.runner import Analyst
from service.scans.use_cases import Scans
from service.storage.folder import FolderStore
from service.storage.protocol import BlobStore
from service.webhooks.sealing import Seal
from service.webhooks.use_cases import Webhooks
from tests.service.databases import sqlite

WEBHOOKS: Final = Guard(max_bytes=0, seconds=1.0)
LIMIT: Final = 1024**2
"""Bytes of an image that the test application accepts."""


@dataclass(slots=True)
class Waiting:
    """A queue that keeps its messages until the test runs them."""

    ids: list[str] = field(default_factory=list)
    broken: bool = False

    def enqueue(self, scan_id: str, queue: str) -> None:
        if self.broken:
            raise QueueUnavailable("the broker does not answer")
        self.ids.append(scan_id)

    def enqueue_all(self, messages: Sequence[tuple[str, str]]) -> None:
        for scan_id, queue in messages:
            self.enqueue(scan_id, queue)

    def depth(self, queue: str) -> int:
        if self.broken:
            raise QueueUnavailable("the broker does not answer")
        return len(self.ids)


@dataclass(slots=True)
class StandIn:
    """An engine that always comes to the same report, stage by stage."""

    make: Callable[[], Report]
    preview: bytes | None = None
    recorded: Mapping[str, Drawn] = field(default_factory=dict)
    error: Exception | None = None
    pause: float = 0.0  # seconds in each stage
    parts: list[tuple[int, ...]] = field(default_factory=list)  # of the sources seen

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis:
        self.parts.append(source.parts)
        for index, stage in enumerate(Stage):
            progress(Progress(stage, index / len(Stage)))
            time.sleep(self.pause)
        if self.error is not None:
            raise self.error
        made = self.make()
        subject = made.subject.model_copy(update={"name": source.name, "sha256": source.sha256})
        report = made.model_copy(update={"subject": subject})
        return Analysis(report, self.preview, recorded=self.recorded)


def refuse(url: str, into: Receiver) -> None:
    raise UrlRefused(f"{url} is not public")


@dataclass(slots=True)
class Desk:
    """An application with a client, and the scans behind it."""

    app: FastAPI
    client: TestClient
    scans: Scans
    uploads: Uploads
    batches: Batches
    queue: Waiting
    blobs: Path
    people: People
    database: Database
    keyring: Keyring
    tenants: Tenants
    looking: Looking
    orders: Waiting  # messages about views

    def bearer(
        self, *scopes: Scope, tenant: str = DEFAULT_TENANT, expires_at: datetime | None = None
    ) -> dict[str, str]:
        """Headers with a new key of these scopes; a tenant is made where there is none yet."""
        AccessRows(self.database).add_tenant(tenant, datetime.now(UTC))
        key = self.keyring.create(tenant, "test", frozenset(scopes), expires_at=expires_at)
        return {"Authorization": f"Bearer {key.text}"}

    def work(self) -> None:
        """Do what a worker does with every message."""
        while self.batches.take_in():
            pass
        while self.queue.ids:
            scan_id = self.queue.ids.pop(0)
            self.scans.run(scan_id, worker="test")
            self.batches.scan_ended(scan_id)

    def draw(self) -> None:
        """Do what a worker does with every message about views."""
        while self.orders.ids:
            self.looking.draw(self.orders.ids.pop(0))

    @contextmanager
    def soon(self, action: Callable[[], object], seconds: float = 1.5) -> Iterator[None]:
        """Do something from another thread after a while; it is done when the block ends."""
        timer = threading.Timer(seconds, action)
        timer.start()
        yield
        timer.join()

    def working(self) -> AbstractContextManager[None]:
        """A worker beside the block."""
        return self.soon(self.work, 0.0)

    def send(
        self, data: bytes, name: str = "photo.jpg", headers: Mapping[str, str] | None = None
    ) -> str:
        """Upload and return the scan's id."""
        answer = self.client.post("/v1/scans", files={"file": (name, data)}, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def stored(self) -> list[Path]:
        """Every file the application left in its blob folder."""
        return [path for path in self.blobs.rglob("*") if path.is_file()]


def desk(
    folder: Path,
    engine: Analyst,
    get: Fetch = refuse,
    limit: int = LIMIT,
    proxies: Proxies | None = None,
    now: Callable[[], datetime] | None = None,
    provider: Provider | None = None,
    door: Door = Door.OPEN,
    quotas: Quotas | None = None,
    database: Database | None = None,
    counters: str = IN_PROCESS,
    store: BlobStore | None = None,
    painter: Painter | None = None,
    patience: float = 0.0,
) -> Desk:
    """A new application, open unless `door` says otherwise.

    On this empty database, or on one of its own in the folder, and on this store or a folder.
    """
    database = database or sqlite(folder / "assay.db")
    queue, blobs = Waiting(), folder / "blobs"
    store, limits = store or FolderStore(blobs), dict.fromkeys(Kind, limit)
    scans = Scans(
        database=database,
        store=store,
        queue=queue,
        policy=ScanPolicy(upload_limits=limits, keep=timedelta(days=1), attempts=1),
        signer=ReportSigner.at(folder / "report.pem"),
        pipeline=engine,
    )
    orders = Waiting()
    looking = Looking(
        database=database, keeping=scans.keeping, store=store, queue=orders, painter=painter
    )
    trust = open_store(folder / "trust", built_in=True)
    hosts = Hosts(("testserver", "test", "x", "desk.example.org", "2001:db8::1"))
    uploads = Uploads(
        database=database,
        store=store,
        limits=limits,
        patience=timedelta(days=1),
        direct=timedelta(hours=1),
    )
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    tenants = Tenants(AccessRows(database))
    meter = Meter(quotas or Quotas(), lambda tenant: tenants.get(tenant).limits, counters)
    batches = Batches(
        database=database,
        scans=scans,
        uploads=uploads,
        fetch=get,
        meter=meter,
    )
    accounts = Accounts(database, tenants, passwords, now)
    people = People(accounts, Sessions(database, now), tenants, provider)
    keyring = Keyring(AccessRows(database))
    keeper = Doorkeeper(door, (keyring.ever, people.wanted))
    entrance = Entrance((BearerKeys(keyring), Cookies(people)), keeper, meter, people)
    app = create_app(
        scans,
        get,
        trust,
        entrance,
        uploads=uploads,
        the_batches=batches,
        the_webhooks=Webhooks(database, WEBHOOKS, Seal(bytes(32)), DEFAULT_TENANT),
        the_views=looking,
        patience=patience,
        hosts=hosts,
        proxies=proxies,
    )
    client = TestClient(app, raise_server_exceptions=False)
    return Desk(
        app,
        client,
        scans,
        uploads,
        batches,
        queue,
        blobs,
        people,
        database,
        keyring,
        tenants,
        looking,
        orders,
    )


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The application in a real server on a port of its own; yields its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
