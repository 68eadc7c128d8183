"""One way into the database, whichever it is: `read()` and `write()` sessions."""

import select
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Protocol, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from service.db.recent import Recent

BUSY_MILLISECONDS: Final = 15_000
POOL_SECONDS: Final = 15
POOL_SIZE: Final = 20
"""Connections of a process that stay open: making one costs more than most of what is asked."""

POOL_OVERFLOW: Final = 20
CLOCK_SECONDS: Final = 10.0
PROBE_MILLISECONDS: Final = 1000
IDLE_SECONDS: Final = 30.0
"""A connection that lay idle for longer may have been cut off without a word."""

_BEGIN: Final = "sqlite_begin"
_PROBE: Final = "probe"
_NONE: Final = "none"
_SINCE: Final = "idle since"


class _Socket(Protocol):
    """What a driver's connection is to the system."""

    def fileno(self) -> int: ...


class Database:
    """An engine with the settings each database needs. Safe to share between threads."""

    def __init__(self, url: str, *, only_look: bool = False, pooled: bool = False) -> None:
        """`only_look` writes nothing, not even the files beside one of SQLite's; `pooled` keeps
        nothing on a connection of PostgreSQL's beyond its transaction.
        """
        if url.startswith("sqlite"):
            self.engine = _sqlite(url, only_look=only_look)
        else:
            self.engine = _postgresql(url, only_look=only_look, pooled=pooled)
        writer = self.engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        self._probing = self.engine.execution_options(**{_BEGIN: _PROBE})
        self._clock = (-CLOCK_SECONDS, datetime.min.replace(tzinfo=UTC))
        reader = self.engine
        if self.engine.dialect.name == "postgresql":
            # Every statement sees what is committed, in a transaction or not: this saves two trips.
            reader = reader.execution_options(isolation_level="AUTOCOMMIT")
        self._reading = sessionmaker(reader, expire_on_commit=False)
        self._writing = sessionmaker(writer, expire_on_commit=False)
        self.recent = Recent()

    def read(self) -> AbstractContextManager[Session]:
        return self._reading()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction: committed at the end of the block, rolled back on an exception."""
        with self._writing.begin() as session:
            yield session

    def now(self) -> datetime:
        """The database's own clock: one for a whole fleet, whatever its machines believe.

        It is asked every `CLOCK_SECONDS` and goes on in between by a clock that nobody can set.
        SQLite has none; there it is this machine's, which is the only one. Raises `SQLAlchemyError`.
        """
        if self.engine.dialect.name == "sqlite":
            return datetime.now(UTC)
        asked, moment = self._clock
        passed = time.monotonic() - asked
        if passed < CLOCK_SECONDS:
            return moment + timedelta(seconds=passed)
        return self._ask_clock()

    def _ask_clock(self) -> datetime:
        with self.read() as session:
            moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        self._clock = (time.monotonic(), moment.astimezone(UTC))
        return self._clock[1]

    def usable(self) -> bool:
        """Whether it answers and would take a write, found out within a second or so."""
        try:
            with self._probing.connect() as connection:
                connection.execute(text("SELECT 1 FROM scan LIMIT 1"))
        except SQLAlchemyError:
            return False
        return True

    def scrub(self) -> None:
        """Let nothing that was deleted lie on in SQLite's log of writes, unless somebody reads now.

        PostgreSQL frees such rows by its own vacuum.
        """
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect().execution_options(**{_BEGIN: _NONE}) as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()


def _postgresql(url: str, *, only_look: bool, pooled: bool) -> Engine:
    address = make_url(url).set(drivername="postgresql+psycopg")
    arguments: dict[str, object] = {"connect_timeout": 5}
    if pooled:
        arguments["prepare_threshold"] = None
    else:
        options = f"-c lock_timeout={BUSY_MILLISECONDS}"
        if only_look:
            options += " -c default_transaction_read_only=on"
        arguments["options"] = f"{address.query.get('options', '')} {options}".strip()
    engine = create_engine(
        address,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_SECONDS,
        connect_args=arguments,
    )
    if pooled:
        event.listen(engine, "begin", partial(_begin_pooled, only_look=only_look))
    event.listen(engine, "checkin", _rested)
    event.listen(engine, "checkout", partial(_alive, engine))
    return engine


def _rested(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_SINCE] = time.monotonic()


def _alive(
    engine: Engine,
    connection: DBAPIConnection,
    entry: ConnectionPoolEntry,
    _checked_out: PoolProxiedConnection,
) -> None:
    """Ask a connection whether it lives only where that is in doubt: it costs a round trip.

    It is where something came while nobody asked, as when the server says that it ends, and
    where the connection lay idle for long. Raises `DisconnectionError`, upon which the pool makes
    another one.
    """
    idle = time.monotonic() - entry.info.get(_SINCE, time.monotonic())
    try:
        if idle >= IDLE_SECONDS or _readable(cast(_Socket, connection)):
            engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def _readable(connection: _Socket) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _begin_pooled(connection: Connection, *, only_look: bool) -> None:
    """What is set for a connection elsewhere: here the next transaction may be on another one."""
    rules = f"SET LOCAL lock_timeout = {BUSY_MILLISECONDS}"
    if only_look:
        rules += "; SET TRANSACTION READ ONLY"
    connection.exec_driver_sql(rules)


def _sqlite(url: str, *, only_look: bool) -> Engine:
    """SQLite that waits for locks and never loses a committed row to a power cut.

    The driver's own transaction handling is off, because it starts a transaction that writes as
    one that reads, and such a transaction fails instead of waiting when another one wrote first.
    """
    address = make_url(url).set(drivername="sqlite+pysqlite")
    if only_look:
        address = _read_only(address)
    engine = create_engine(address)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _read_only(address: URL) -> URL:
    """Without a log of writes beside it nobody has the file open, and it can be read as it lies;
    opened in any other way SQLite would make that log."""
    path = Path(address.database or "").absolute()
    quiet = not path.with_name(f"{path.name}-wal").exists()
    query = {"mode": "ro", "uri": "true"} | ({"immutable": "1"} if quiet else {})
    return address.set(database=path.as_uri(), query=query)


def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError(f"{type(connection)} is not the standard library's SQLite")
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten in the file
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    """SQLite's own knows the letters of ASCII alone."""
    return text.lower() if text is not None else None


def _begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get(_BEGIN, "BEGIN")
    if begin == _NONE:
        return
    if begin != _PROBE:
        connection.exec_driver_sql(begin)
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {PROBE_MILLISECONDS}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
