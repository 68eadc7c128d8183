"""Databases for tests: each test that asks for one runs on SQLite and on PostgreSQL."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from service.db.engine import Database
from service.db.migrate import upgrade
from tests.e2e.servers import postgresql
from tests.service.databases import sqlite


@dataclass(slots=True)
class Server:
    """A PostgreSQL that runs as long as the tests, started by the first that needs it."""

    stack: ExitStack
    numbers: Iterator[int] = field(default_factory=itertools.count)
    address: str | None = None
    migrated: str | None = None  # name of a database with the current schema, copied for each test

    def new(self, *, template: str = "template1") -> str:
        """The URL of a database of its own, with what the template has."""
        if self.address is None:
            self.address = self.stack.enter_context(postgresql())
        name = f"test{next(self.numbers)}"
        server = Database(self.address)
        with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        server.close()
        return self.address.replace("/postgres?", f"/{name}?")

    def new_with_schema(self) -> str:
        """As `new`, with the current schema; migrating takes longer than copying."""
        if self.migrated is None:
            url = self.new()
            database = Database(url)
            upgrade(database.engine)
            database.close()
            self.migrated = make_url(url).database
        return self.new(template=str(self.migrated))


@pytest.fixture(scope="session")
def databases() -> Iterator[Server]:
    with ExitStack() as stack:
        yield Server(stack)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, databases: Server) -> str:
    """The URL of a database without tables."""
    return f"sqlite:///{tmp_path / 'assay.db'}" if request.param == "sqlite" else databases.new()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, databases: Server, tmp_path: Path
) -> Iterator[Database]:
    """An empty database with the current schema."""
    if request.param == "sqlite":
        made = sqlite(tmp_path / "assay.db")
    else:
        made = Database(databases.new_with_schema())
    yield made
    made.close()
