"""A database of an installation that knew no tenants yet goes through every migration since.

`before_tenants/` holds what commit 744b6b3 wrote: its own pipeline over made files, dumped by
`sqlite3 .dump` and `pg_dump --inserts`, with the public key that signed the reports.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from service.db.engine import Database
from service.db.lifecycle import State
from service.db.listing import Wanted
from service.db.migrate import MIGRATIONS, upgrade
from service.db.schema import METADATA
from service.reporting.signature import verify
from tests.service import reports
from tests.service.office import office
from tests.service.webapp import Desk, StandIn, desk

WRITTEN: Final = Path(__file__).parent / "before_tenants"
AN_HOUR_LATER: Final = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
TABLES: Final = {"scan": "id", "report": "scan_id", "worker": "name"}

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def old(database_url: str) -> Iterator[Database]:
    """The database as that commit left it."""
    database = Database(database_url)
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as file:
            file.executescript((WRITTEN / "sqlite.sql").read_text())
        file.close()
    else:
        with database.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.cursor().execute((WRITTEN / "postgresql.sql").read_bytes())
            raw.commit()
            connection.invalidate()  # the dump set options of its session
    yield database
    database.close()


def rows(database: Database, columns: dict[str, list[str]] | None = None) -> Rows:
    """Every row of every table of that time, in those columns or in all there are."""
    found: Rows = {}
    with database.engine.connect() as connection:
        for table, key in TABLES.items():
            wanted = ", ".join(columns[table]) if columns else "*"
            query = text(f"SELECT {wanted} FROM {table} ORDER BY {key}")
            found[table] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def columns_of(found: Rows) -> dict[str, list[str]]:
    return {table: list(lines[0]) for table, lines in found.items()}


def test_every_value_of_every_row_stays_through_all_migrations_and_back(old: Database) -> None:
    before = rows(old)
    assert {table: len(lines) for table, lines in before.items()} == {
        "scan": 8,
        "report": 4,
        "worker": 1,
    }
    upgrade(old.engine)
    assert rows(old, columns_of(before)) == before
    with old.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    for move, to in ((command.downgrade, "0001"), (command.upgrade, "head")):
        with old.engine.connect() as connection:
            config.attributes["connection"] = connection
            move(config, to)
        assert rows(old, columns_of(before)) == before


@pytest.fixture
def today(old: Database, tmp_path: Path) -> Desk:
    """Today's application on the migrated database."""
    upgrade(old.engine)
    return desk(tmp_path, StandIn(reports.no_sign_found), database=old)


def moment(value: str | datetime | None) -> datetime | None:
    """SQLite keeps text without a zone, and all of it is UTC."""
    return datetime.fromisoformat(f"{value}+00:00") if isinstance(value, str) else value


def test_the_api_lists_every_scan_as_it_was(old: Database, today: Desk) -> None:
    before = {row["id"]: row for row in rows(old)["scan"]}
    items = today.client.get("/v1/scans").json()["items"]
    assert [item["id"] for item in items] == sorted(before, reverse=True)
    for item in items:
        row = before[item["id"]]
        assert today.client.get(item["links"]["self"]).json() == item
        for name in ("state", "profile", "kind", "name", "sha256", "size", "media_type"):
            assert item[name] == row[name], name
        for name in ("created_at", "started_at", "finished_at", "expires_at"):
            told = datetime.fromisoformat(item[name]) if item[name] else None
            assert told == moment(row[name]), name
        for name in ("attempts", "verdict"):
            assert item[name] == row[name], name
        failure = item["failure"] or {"code": None, "sentence": None}
        assert failure == {"code": row["failure_code"], "sentence": row["failure_sentence"]}


def test_the_api_answers_every_report_as_it_was_signed(old: Database, today: Desk) -> None:
    keys = json.loads((WRITTEN / "keys.json").read_text())
    for row in rows(old)["report"]:
        address = f"/v1/scans/{row['scan_id']}"
        report = today.client.get(f"{address}/report")
        assert report.text == row["document"]
        assert today.scans.report(row["scan_id"]).subject.sha256 in row["document"]
        verify(report.text, today.client.get(f"{address}/signature").text, keys)
        page = today.client.get(f"/scans/{row['scan_id']}")
        assert page.status_code == 200
        assert today.scans.report(row["scan_id"]).subject.name in page.text.replace("&#39;", "'")


def test_what_was_under_way_comes_to_an_end(old: Database, tmp_path: Path) -> None:
    upgrade(old.engine)
    before = {row["id"]: row["name"] for row in rows(old)["scan"]}
    desk = office(old, tmp_path / "blobs")
    desk.clock.moment = AN_HOUR_LATER
    found = desk.scans.reconcile()
    assert (found.sent, found.retried) == (2, 1), "one never ran, the worker of the other is dead"
    for scan_id, _ in desk.queue.sent:
        desk.scans.run(scan_id, worker="w")
    failed = desk.scans.list(wanted=Wanted(state=State.FAILED)).items
    assert {before[scan.id] for scan in failed} == {"lost.jpg", "running.jpg", "waiting.wav"}
    assert {scan.failure.code for scan in failed if scan.failure is not None} == {"blob_missing"}


def test_an_old_scan_is_deleted_with_a_receipt_like_any_other(today: Desk) -> None:
    (item,) = today.client.get("/v1/scans?verdict=declared_ai").json()["items"]
    receipt = today.client.delete(item["links"]["self"]).json()["receipt"]
    assert receipt["scan"] == item["id"]
    assert {one["item"] for one in receipt["removed"]} >= {"report", "record"}
    assert today.client.get(item["links"]["report"]).status_code == 404
