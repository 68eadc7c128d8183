"""Run by Alembic: apply migrations on the connection that `service.db.migrate` hands over."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection

from service.db.schema import METADATA


def run(connection: Connection) -> None:
    """All missing migrations in one transaction."""
    with _without_cascades(connection):
        _migrate(connection)


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying and dropping it, which would delete what refers to it."""
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    driver.execute("PRAGMA foreign_keys = OFF")  # only outside a transaction
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


run(context.config.attributes["connection"])
