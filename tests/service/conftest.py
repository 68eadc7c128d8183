"""What an installation stands on: each test that asks for a part runs on both kinds.

One is SQLite with the embedded broker and counters in the process, the other PostgreSQL with Redis.
The servers are started once, when the first test asks for one; so is one that has buckets.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from redis import Redis
from sqlalchemy import text

from service.access.counters import IN_PROCESS
from service.db.engine import Database
from service.db.migrate import upgrade
from service.scans.queue import Broker
from tests.e2e.servers import postgresql, redis
from tests.service.azure import Azurite, Container, azurite
from tests.service.buckets import S3Bucket, S3Server, s3_server
from tests.service.databases import sqlite

MIGRATED: Final = "migrated"


@dataclass(slots=True)
class Server:
    """A PostgreSQL that makes databases: an empty one, or a copy of one with the current schema."""

    url: str
    numbers: Iterator[int] = field(default_factory=itertools.count)
    migrated: bool = False

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """The URL of a new database, which is dropped after the block."""
        name = f"test{next(self.numbers)}"
        if migrated and not self.migrated:
            self._run(f"CREATE DATABASE {MIGRATED}")
            first = Database(self._address(MIGRATED))
            upgrade(first.engine)
            first.close()
            self.migrated = True
        self._run(f"CREATE DATABASE {name} TEMPLATE {MIGRATED if migrated else 'template1'}")
        yield self._address(name)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _address(self, name: str) -> str:
        return self.url.replace("/postgres?", f"/{name}?")

    def _run(self, statement: str) -> None:
        server = Database(self.url)
        connecting = server.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connecting as connection:
            connection.execute(text(statement))
        server.close()


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the rows, the messages and the counters of one installation are, all empty."""

    server: Server | None  # None: SQLite
    broker: Broker
    counters: str


@pytest.fixture(scope="session")
def the_postgresql() -> Iterator[Callable[[], Server]]:
    """The one server of all tests, started when it is first called for."""
    with ExitStack() as stack:
        started: list[Server] = []

        def server() -> Server:
            if not started:
                started.append(Server(stack.enter_context(postgresql())))
            return started[0]

        yield server


@pytest.fixture(scope="session")
def the_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """The URL of the one server of all tests, emptied, and started when it is first called for."""
    with ExitStack() as stack:
        started: list[str] = []

        def server() -> str:
            if not started:
                folder = tmp_path_factory.mktemp("redis")
                started.append(stack.enter_context(redis(folder)).url)
            with Redis.from_url(started[0]) as client:
                client.flushall()
            return started[0]

        yield server


@pytest.fixture(params=["sqlite-folder", "postgresql-redis"])
def parts(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    the_postgresql: Callable[[], Server],
    the_redis: Callable[[], str],
) -> Parts:
    if request.param == "sqlite-folder":
        return Parts(None, Broker.in_folder(tmp_path / "broker"), IN_PROCESS)
    url = the_redis()
    return Parts(the_postgresql(), Broker.at(url), url)


@pytest.fixture
def broker(parts: Parts) -> Broker:
    """A broker without messages."""
    return parts.broker


@pytest.fixture
def database_url(parts: Parts, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if parts.server is None:
        yield f"sqlite:///{tmp_path / 'assay.db'}"
        return
    with parts.server.database(migrated=False) as url:
        yield url


@pytest.fixture
def database(parts: Parts, tmp_path: Path) -> Iterator[Database]:
    """An empty database with the current schema."""
    with ExitStack() as stack:
        if parts.server is None:
            made = sqlite(tmp_path / "assay.db")
        else:
            made = Database(stack.enter_context(parts.server.database(migrated=True)))
        stack.callback(made.close)
        yield made


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A server that runs as long as the tests."""
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    """An empty bucket, and the environment by which the service gets at it."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return s3.new_bucket()


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """A server that runs as long as the tests."""
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def container(azure: Azurite, monkeypatch: pytest.MonkeyPatch) -> Container:
    """An empty container, and the environment by which the service gets at it."""
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    return azure.new_container()
