"""Databases and buckets for tests: what asks for a database runs on SQLite and on PostgreSQL."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from service.db.engine import Database
from service.db.migrate import upgrade
from tests.e2e.servers import postgresql
from tests.service.buckets import S3Bucket, S3Server, s3_server
from tests.service.databases import sqlite


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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, new_postgresql: Callable[[], str]
) -> str:
    """The URL of a database without tables."""
    return f"sqlite:///{tmp_path / 'assay.db'}" if request.param == "sqlite" else new_postgresql()


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
