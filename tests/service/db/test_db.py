import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import StatementError

from detectors.base import Kind
from service.analysis.progress import Stage
from service.db.engine import Database
from service.db.lifecycle import State
from service.db.migrate import MIGRATIONS, upgrade
from service.db.models import ReportRow, ScanRow, WorkerRow
from service.db.receipt_tables import DeletionRow
from service.db.schema import METADATA
from service.reporting.report import Profile

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_the_migrations_make_the_tables_that_the_models_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_indexes_are_those_of_the_models(database: Database) -> None:
    found = {index["name"] for index in inspect(database.engine).get_indexes("scan")}
    assert found == {str(index.name) for index in METADATA.tables["scan"].indexes}


def test_every_row_of_a_scan_has_a_tenant(database: Database) -> None:
    for table in ("scan", "report"):
        (column,) = (
            c for c in inspect(database.engine).get_columns(table) if c["name"] == "tenant"
        )
        assert not column["nullable"]


def test_migrating_twice_changes_nothing(database: Database) -> None:
    upgrade(database.engine)
    assert database.usable()


def test_migrations_lead_back_to_nothing(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}


def test_reports_outlive_a_change_of_the_table_of_scans(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    row = ScanRow(
        id="0" * 26,
        tenant="t",
        state=State.DONE,
        profile=Profile.FULL,
        queue="image",
        kind=Kind.IMAGE,
        name="a.jpg",
        sha256="0" * 64,
        size=1,
        media_type="image/jpeg",
        created_at=NOON,
        stage=Stage.REPORT,
        done=1.0,
        note="",
        attempts=1,
    )
    with database.write() as session:
        session.add(row)
        session.flush()
        session.add(ReportRow(scan_id="0" * 26, tenant="t", document="{}", signature="s"))
    for move, to in ((command.downgrade, "0001"), (command.upgrade, "head")):
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            move(config, to)
    with database.read() as session:
        assert session.get(ReportRow, "0" * 26) is not None
        assert session.execute(text("SELECT count(*) FROM scan")).scalar() == 1
        names = session.execute(text("SELECT name FROM tenant ORDER BY name")).scalars().all()
        assert names == ["default", "t"], "whoever has scans is a tenant"
    with database.write() as session:
        session.execute(text("DELETE FROM scan"))
    with database.read() as session:
        assert session.get(ReportRow, "0" * 26) is None, "reports go with their scans"


def test_receipts_of_before_are_kept_where_a_scan_can_have_several(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    values = {
        **{"scan_id": "0" * 26, "tenant": "t", "at": NOON, "actor": "local"},
        **{"because": "request", "blobs": "[]", "removed": "[]", "document": "{}"},
    }

    def move(to: str, by: Callable[[Config, str], None]) -> None:
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            by(config, to)

    move("0011", command.downgrade)
    with database.write() as session:
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        session.execute(
            text(f"INSERT INTO deletion ({names}, signature) VALUES ({marks}, 's')"),
            values,
        )
    move("head", command.upgrade)
    again = DeletionRow(**values | {"blobs": [], "removed": []}, indexed=False, signature="s2")
    with database.write() as session:
        session.add(again)
    with database.read() as session:
        kept = session.scalars(select(DeletionRow.signature).order_by(DeletionRow.id)).all()
    assert kept == ["s", "s2"]
    move("0011", command.downgrade)
    with database.read() as session:
        assert session.execute(text("SELECT signature FROM deletion")).scalars().all() == ["s2"]


def test_many_processes_may_start_on_an_empty_database_at_once(database_url: str) -> None:
    code = (
        "import sys; from service.db.engine import Database; from service.db.migrate import "
        "upgrade; upgrade(Database(sys.argv[1]).engine)"
    )
    starting = [
        subprocess.Popen([sys.executable, "-c", code, database_url], cwd=ROOT) for _ in range(4)
    ]
    assert [process.wait() for process in starting] == [0, 0, 0, 0]
    database = Database(database_url)
    assert database.usable()
    database.close()


def test_a_database_without_tables_is_not_usable(database_url: str) -> None:
    database = Database(database_url)
    assert not database.usable()
    database.close()


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    with database.write() as session:
        session.add(WorkerRow(name="w", queues="image", seen_at=elsewhere))
    with database.read() as session:
        row = session.get(WorkerRow, "w")
    assert row is not None
    assert row.seen_at == NOON
    assert row.seen_at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError), database.write() as session:
        session.add(WorkerRow(name="w", queues="image", seen_at=naive))


def test_a_failed_block_writes_nothing(database: Database) -> None:
    def fail_midway() -> None:
        with database.write() as session:
            session.add(WorkerRow(name="w", queues="image", seen_at=NOON))
            session.flush()
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        fail_midway()
    with database.read() as session:
        assert session.get(WorkerRow, "w") is None


def test_writers_wait_for_one_another(database: Database) -> None:
    """Read, then write: SQLite's default transaction would fail here instead of waiting."""
    with database.write() as session:
        session.add(WorkerRow(name="count", queues="0", seen_at=NOON))

    def add_one() -> None:
        for _ in range(20):
            with database.write() as session:
                row = session.get(WorkerRow, "count", with_for_update=True)
                assert row is not None
                row.queues = str(int(row.queues) + 1)

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        row = session.get(WorkerRow, "count")
    assert row is not None
    assert row.queues == "80"


def test_sqlite_keeps_a_log_ahead_so_that_readers_never_wait(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'assay.db'}")
    upgrade(database.engine)
    with database.write() as writing:
        writing.add(WorkerRow(name="w", queues="image", seen_at=NOON))
        writing.flush()
        with database.read() as reading:
            assert reading.scalar(text("SELECT count(*) FROM worker")) == 0
            assert reading.scalar(text("PRAGMA journal_mode")) == "wal"
            assert reading.scalar(text("PRAGMA foreign_keys")) == 1
            assert reading.scalar(text("PRAGMA synchronous")) == 2
    database.close()


def test_a_database_of_the_first_version_keeps_its_rows(database_url: str) -> None:
    old = Database(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with old.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    scan = {
        "id": "0" * 26, "tenant": "t", "state": "done", "profile": "full", "queue": "image",
        "kind": "image", "name": "a.jpg", "sha256": "0" * 64, "size": 1,
        "media_type": "image/jpeg", "created_at": "2026-11-20 12:00:00+00:00",
        "stage": "report", "done": 1.0, "note": "", "attempts": 1,
    }  # fmt: skip
    report = {"scan_id": "0" * 26, "tenant": "t", "document": "{}", "signature": "s"}
    worker = {"name": "w", "queues": "image", "seen_at": "2026-11-20 12:00:00+00:00"}
    with old.engine.begin() as connection:
        for table, row in (("scan", scan), ("report", report), ("worker", worker)):
            places = ", ".join(f":{column}" for column in row)
            insert = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"
            connection.execute(text(insert), row)
    upgrade(old.engine)
    with old.engine.connect() as connection:
        for table, row in (("scan", scan), ("report", report), ("worker", worker)):
            found = dict(connection.execute(text(f"SELECT * FROM {table}")).mappings().one())
            moments = {"created_at", "seen_at"}
            assert {key: found[key] for key in row.keys() - moments} == {
                key: row[key] for key in row.keys() - moments
            }
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    old.close()
