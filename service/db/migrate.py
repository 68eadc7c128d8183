"""Bring a database to the current schema; any number of processes may try at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x61737361  # "assa": one advisory lock for all migrations of one PostgreSQL database


class Schema(StrEnum):
    """What a database has, as this version of assay sees it."""

    CURRENT = "current"
    OLDER = "older"  # the next start brings it up to date
    UNKNOWN = "unknown"  # of a newer version, or no database of assay's


def schema_of(engine: Engine) -> Schema:
    """Look without changing anything. Raises `SQLAlchemyError`."""
    script = ScriptDirectory(str(MIGRATIONS))
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found == script.get_current_head():
        return Schema.CURRENT
    ours = {revision.revision for revision in script.walk_revisions()}
    return Schema.OLDER if found is None or found in ours else Schema.UNKNOWN


def upgrade(engine: Engine) -> None:
    """Apply what is missing, under a lock. Costs one query when nothing is."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    with _locked(engine), engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
        connection.rollback()
        if engine.dialect.name == "sqlite":
            _write_ahead(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _locked(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        database = Path(engine.url.database or "")
        database.parent.mkdir(parents=True, exist_ok=True)
        with database.with_name(database.name + ".migrating").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with engine.begin() as connection:  # held by the transaction: a pooler knows no sessions
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield


def _write_ahead(connection: Connection) -> None:
    """Readers and the writer stop blocking one another; the mode stays in the file."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute("PRAGMA journal_mode = WAL")
