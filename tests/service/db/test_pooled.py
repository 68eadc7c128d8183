"""PostgreSQL behind a pooler that hands out a connection for each transaction."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from service.db.engine import BUSY_MILLISECONDS, Database
from service.db.migrate import upgrade
from tests.service.conftest import Server


@pytest.fixture
def url(the_postgresql: Callable[[], Server]) -> Iterator[str]:
    with the_postgresql().database(migrated=False) as made:
        yield made


@pytest.fixture
def pooled(url: str) -> Iterator[Database]:
    database = Database(url, pooled=True)
    upgrade(database.engine)
    yield database
    database.close()


def prepared(database: Database) -> int:
    """Statements that the server keeps for the connection, after one that was run often."""
    with database.engine.connect() as connection:
        for _ in range(20):
            connection.execute(text("SELECT count(*) FROM scan"))
        return int(
            connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
        )


def test_nothing_is_prepared(pooled: Database, url: str) -> None:
    assert prepared(pooled) == 0
    usual = Database(url)
    assert prepared(usual) > 0
    usual.close()


def test_a_lock_is_waited_for_as_long_as_elsewhere_and_by_the_transaction_alone(
    pooled: Database,
) -> None:
    with pooled.engine.connect() as connection:
        waits = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
        assert waits == f"{BUSY_MILLISECONDS // 1000}s"
        connection.commit()
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_who_only_looks_cannot_write(pooled: Database, url: str) -> None:
    looking = Database(url, pooled=True, only_look=True)
    with looking.engine.connect() as connection, pytest.raises(InternalError, match="read-only"):
        connection.execute(text("DELETE FROM scan"))
    looking.close()
