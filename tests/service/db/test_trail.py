"""The audit log shows any line that was changed, taken out, put in or moved."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from service.access.checkpoints import AuditLog, Checked, Fault
from service.db.engine import Database
from service.db.trail import TrailRows, acting, note
from service.db.trail_tables import CheckpointRow, TrailEndRow, TrailRow
from service.reporting.signature import ReportSigner

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
Tamper = Callable[[Database], None]


@pytest.fixture
def log(database: Database, tmp_path: Path) -> AuditLog:
    return AuditLog(TrailRows(database), ReportSigner.at(tmp_path / "report.pem"), lambda: NOON)


def write(database: Database, count: int, tenant: str = "a") -> None:
    for number in range(count):
        with acting(f"key:{number}"), database.write() as session:
            note(session, tenant, "scan.accepted", f"scan:{number}", size=number)


def faults(log: AuditLog, **kept: object) -> list[str]:
    return [one.sentence for one in log.verify(**kept) if isinstance(one, Fault)]  # type: ignore[arg-type]


def test_an_untouched_log_has_no_fault_and_says_how_much_was_checked(
    database: Database, log: AuditLog
) -> None:
    write(database, 5)
    write(database, 2, "b")
    assert log.upkeep() == 7
    write(database, 1)
    assert list(log.verify()) == [Checked("a", 5, 1, 1), Checked("b", 2, 1, 0)]


def test_a_line_tells_who_did_what_to_what(database: Database, log: AuditLog) -> None:
    write(database, 2)
    with database.write() as session:
        note(session, "a", "scan.done", "scan:1")
    log.upkeep()
    told = [
        (line.line, line.actor, line.deed)
        for line in TrailRows(database).lines("a", object_="scan:1")
    ]
    assert told == [(2, "key:1", "scan.accepted"), (3, "service", "scan.done")]


def test_a_line_is_there_only_with_its_deed(database: Database) -> None:
    def undone() -> None:
        with database.write() as session:
            note(session, "a", "scan.accepted", "scan:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(TrailRow)) == 0


def _change(**values: object) -> Tamper:
    def tamper(database: Database) -> None:
        with database.write() as session:
            session.execute(update(TrailRow).where(TrailRow.line == 3).values(**values))

    return tamper


def _remove(first: int, last: int) -> Tamper:
    def tamper(database: Database) -> None:
        with database.write() as session:
            session.execute(delete(TrailRow).where(TrailRow.line.between(first, last)))

    return tamper


def _swap(database: Database) -> None:
    with database.write() as session:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.execute(update(TrailRow).where(TrailRow.line == old).values(line=new))


def _cut_the_end_and_hide_it(database: Database) -> None:
    _remove(4, 5)(database)
    with database.write() as session:
        digest = session.scalar(select(TrailRow.digest).where(TrailRow.line == 3))
        session.execute(update(TrailEndRow).values(line=3, digest=digest))


def _forge(database: Database) -> None:
    """Change a line and make the whole chain after it fit again."""
    with database.write() as session:
        rows = session.scalars(select(TrailRow).order_by(TrailRow.line)).all()
        rows[2].actor = "key:innocent"
        for row in rows:
            row.line = row.digest = None
        session.execute(delete(TrailEndRow))
    TrailRows(database).chain()


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        pytest.param(_change(actor="key:9"), "line 3 is not as it was written", id="actor"),
        pytest.param(_change(at=NOON), "line 3 is not as it was written", id="time"),
        pytest.param(_change(deed="scan.read"), "line 3 is not as it was written", id="deed"),
        pytest.param(_change(object="scan:9"), "line 3 is not as it was written", id="object"),
        pytest.param(_change(detail={}), "line 3 is not as it was written", id="detail"),
        pytest.param(_change(digest="0" * 64), "line 3 is not as it was written", id="digest"),
        pytest.param(_remove(2, 2), "line 2 is missing", id="one taken out"),
        pytest.param(_remove(1, 2), "lines 1 to 2 are missing", id="the beginning taken out"),
        pytest.param(_remove(4, 5), "lines 4 to 5 are missing", id="the end taken out"),
        pytest.param(_swap, "line 2 is not as it was written", id="two exchanged"),
        pytest.param(_cut_the_end_and_hide_it, "lines 4 to 5 are missing", id="end cut and hidden"),
        pytest.param(
            _forge, "line 5 is not the one that the checkpoint was signed for", id="chain remade"
        ),
    ],
)
def test_whatever_is_done_to_a_log_shows(
    database: Database, log: AuditLog, tamper: Tamper, sentence: str
) -> None:
    write(database, 5)
    log.upkeep()
    tamper(database)
    assert sentence in faults(log)


def test_a_checkpoint_kept_elsewhere_shows_what_was_cut_off_with_those_in_the_database(
    database: Database, log: AuditLog
) -> None:
    write(database, 5)
    log.upkeep()
    kept = TrailRows(database).checkpoints("a")
    _cut_the_end_and_hide_it(database)
    with database.write() as session:
        session.execute(delete(CheckpointRow))
    assert faults(log) == []
    assert faults(log, kept=kept) == ["lines 4 to 5 are missing"]


def test_a_forged_checkpoint_is_named(database: Database, log: AuditLog) -> None:
    write(database, 2)
    log.upkeep()
    with database.write() as session:
        session.execute(update(CheckpointRow).values(document='{"tenant": "a"}'))
    assert faults(log) == ["the checkpoint of 2026-11-28 is not as it was signed"]


def test_a_day_has_one_checkpoint(database: Database, tmp_path: Path) -> None:
    rows, moments = TrailRows(database), iter([NOON, NOON, NOON + timedelta(days=1)])
    log = AuditLog(rows, ReportSigner.at(tmp_path / "report.pem"), lambda: next(moments))
    for _ in range(3):
        write(database, 1)
        log.upkeep()
    assert [one.day for one in rows.checkpoints("a")] == ["2026-11-28", "2026-11-29"]


def test_many_writers_and_many_who_chain_make_one_chain(database: Database, log: AuditLog) -> None:
    rows = TrailRows(database)
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write, database, 5) for _ in range(8)]
        chaining = [pool.submit(rows.chain) for _ in range(8)]
        for written in writing:
            written.result()
        assert sum(chained.result() for chained in chaining) <= 40
    log.upkeep()
    assert list(log.verify()) == [Checked("a", 40, 1, 0)]
