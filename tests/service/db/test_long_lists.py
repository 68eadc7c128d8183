"""A list of 10,000 scans: what a page of it costs, counted in SQLite's own steps, not by a clock."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import event, insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from detectors.base import Kind
from service.analysis.progress import Stage
from service.db.desk_tables import NoteRow
from service.db.engine import Database
from service.db.lifecycle import Judgement, Priority, State, new_scan_id
from service.db.listing import ListRows, Order, Wanted
from service.db.models import ScanRow
from service.db.review_tables import ReviewRow
from service.reporting.report import Profile, Verdict
from tests.service.databases import sqlite

MANY: Final = 10_000
NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
EACH: Final = 10
"""Steps of SQLite's machine between two calls of the handler."""

PAGE: Final = 10_000
"""Steps that a page may take which an index finds: it reads some fifty rows."""

WALK: Final = 60 * MANY
"""Steps that a search may take which finds nothing: it reads every row once."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = sqlite(tmp_path_factory.mktemp("long") / "assay.db")
    rows = [_row(number) for number in range(MANY)]
    kept = {"tenant": "default", "actor": "local", "created_at": NOON}
    notes = [kept | {"scan_id": rows[n]["id"], "text": "Ask Zoë", "version": 1} for n in (3, 4000)]
    reviews = [
        kept | {"scan_id": row["id"], "judgement": Judgement.UNCLEAR, "note": ""}
        for row in rows[::2]
    ]
    with made.write() as session:
        session.execute(insert(ScanRow), rows)
        session.execute(insert(NoteRow), notes)
        session.execute(insert(ReviewRow), reviews)
    return made


def _row(number: int) -> dict[str, object]:
    at = NOON + timedelta(seconds=number)
    return {
        "id": new_scan_id(at),
        "tenant": "default",
        "state": State.DONE,
        "profile": Profile.FULL,
        "queue": "image",
        "kind": Kind.IMAGE,
        "name": f"{number * 7919 % MANY:05} Straße.jpg",
        "sha256": f"{number:064x}",
        "size": number * 7907 % MANY,
        "media_type": "image/jpeg",
        "created_at": at,
        "gone": [],
        "stage": Stage.REPORT,
        "done": 1.0,
        "note": "",
        "attempts": 1,
        "priority": Priority.NORMAL,
        "turn_at": at,
        "sender": f"key:{number % 10}",
        "assignee": "account:7" if number % 1000 == 0 else None,
        "verdict": Verdict.NO_SIGN_FOUND if number % 50 else Verdict.LIKELY_SYNTHETIC,
        "signer": "Example Camera Works" if number % 100 == 0 else None,
    }


@contextmanager
def steps(database: Database) -> Iterator[list[int]]:
    """How far SQLite's machine ran in the block."""
    ran = [0]

    def count() -> None:
        ran[0] += EACH

    def watch(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _proxy: object) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.set_progress_handler(count, EACH)

    event.listen(database.engine, "checkout", watch)
    try:
        yield ran
    finally:
        event.remove(database.engine, "checkout", watch)


@pytest.mark.parametrize(
    "wanted",
    [
        *(pytest.param(Wanted(order=order), id=order) for order in Order),
        pytest.param(Wanted(verdict=Verdict.LIKELY_SYNTHETIC), id="verdict"),
        pytest.param(Wanted(assignee="account:7"), id="assignee"),
        pytest.param(Wanted(signer="Example Camera Works"), id="signer"),
        pytest.param(Wanted(sha256=f"{77:064x}"), id="sha256"),
        pytest.param(Wanted(created_from=NOON + timedelta(seconds=9900)), id="date"),
        pytest.param(Wanted(text="STRA"), id="words of every name"),
    ],
)
def test_a_page_reads_the_rows_it_shows_and_few_others(database: Database, wanted: Wanted) -> None:
    rows = ListRows(database)
    first = rows.page("default", limit=50, after=None, wanted=wanted)
    assert first is not None
    with steps(database) as ran:
        page = rows.page("default", limit=50, after=first.items[0].id, wanted=wanted)
    assert page is not None
    assert page.items[:9] == first.items[1:10]
    assert 0 < ran[0] < PAGE


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(text="nowhere"), 0),
        (Wanted(text="ZOË ask"), 2),
        (Wanted(text="STRAßE 00007"), 1),
        (Wanted(text="camera works"), 50),
        (Wanted(text=f"{4242:064x}"), 1),
        (Wanted(text="100%"), 0),
        (Wanted(reviewed=False, sender="key:2"), 0),
        (Wanted(reviewed=True, kind=Kind.AUDIO), 0),
    ],
)
def test_a_search_reads_every_row_at_most_once(
    database: Database, wanted: Wanted, found: int
) -> None:
    with steps(database) as ran:
        page = ListRows(database).page("default", limit=50, after=None, wanted=wanted)
    assert page is not None
    assert len(page.items) == found
    assert ran[0] < WALK


@pytest.mark.parametrize("order", Order)
def test_the_pages_of_a_list_hold_every_scan_once_and_in_its_order(
    database: Database, order: Order
) -> None:
    rows, after = ListRows(database), None
    wanted = Wanted(order=order, sender="key:4")
    seen: list[tuple[object, ...]] = []
    while (page := rows.page("default", limit=300, after=after, wanted=wanted)) is not None:
        key = {Order.NAME: "name", Order.LARGEST: "size"}.get(order)
        seen += [((getattr(it, key),) if key else ()) + (it.id,) for it in page.items]
        after = page.next
        if after is None:
            break
    assert len(seen) == MANY // 10
    assert seen == sorted(set(seen), reverse=order in {Order.NEWEST, Order.LARGEST})


def test_a_page_behind_a_scan_that_is_gone_is_no_page(database: Database) -> None:
    gone = new_scan_id(NOON)
    rows = ListRows(database)
    assert rows.page("default", limit=2, after=gone, wanted=Wanted(order=Order.NAME)) is None
    assert rows.page("default", limit=2, after=gone, wanted=Wanted()) is not None
