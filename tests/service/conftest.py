"""What an installation stands on: each test that asks for a part runs on both kinds.

One is SQLite with the embedded broker and counters in the process, the other PostgreSQL with Redis.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text

from service.access.meter import IN_PROCESS
from service.db.engine import Database
from service.db.migrate import upgrade
from service.scans.queue import Broker
from tests.e2e.servers import postgresql, redis
from tests.service.databases import sqlite


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the rows, the messages and the counters of one installation are, all empty."""

    database_url: str
    broker: Broker
    counters: str


@pytest.fixture(scope="session")
def new_postgresql() -> Iterator[Callable[[], str]]:
    """Makes empty databases on one server that runs as long as the tests; starts it if needed."""
    numbers = itertools.count()
    with ExitStack() as stack:
        started: list[str] = []

        def create() -> str:
            if not started:
                started.append(stack.enter_context(postgresql()))
            name = f"test{next(numbers)}"
            server = Database(started[0])
            with server.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            server.close()
            return started[0].replace("/postgres?", f"/{name}?")

        yield create


@pytest.fixture(scope="session")
def new_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Empties one server that runs as long as the tests; starts it if needed."""
    with ExitStack() as stack:
        started: list[str] = []

        def empty() -> str:
            if not started:
                folder = tmp_path_factory.mktemp("redis")
                started.append(stack.enter_context(redis(folder)).url)
            with Redis.from_url(started[0]) as client:
                client.flushall()
            return started[0]

        yield empty


@pytest.fixture(params=["sqlite-folder", "postgresql-redis"])
def parts(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_postgresql: Callable[[], str],
    new_redis: Callable[[], str],
) -> Parts:
    if request.param == "sqlite-folder":
        broker = Broker.in_folder(tmp_path / "broker")
        return Parts(f"sqlite:///{tmp_path / 'assay.db'}", broker, IN_PROCESS)
    url = new_redis()
    return Parts(new_postgresql(), Broker.at(url), url)


@pytest.fixture
def broker(parts: Parts) -> Broker:
    """A broker without messages."""
    return parts.broker


@pytest.fixture
def database_url(parts: Parts) -> str:
    """The URL of a database without tables."""
    return parts.database_url


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """An empty database with the current schema."""
    if database_url.startswith("sqlite"):
        made = sqlite(tmp_path / "assay.db")
    else:
        made = Database(database_url)
        upgrade(made.engine)
    yield made
    made.close()
