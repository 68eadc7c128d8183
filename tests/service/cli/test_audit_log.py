"""`assay admin log`, `checkpoints` and `verify-log` on a real installation."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from service.access.checkpoints import AuditLog
from service.cli.exit_codes import ExitCode
from service.db.engine import Database
from service.db.trail import TrailRows
from service.reporting.signature import ReportSigner
from tests.service.command_line import assay


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which an operator made a tenant and two keys, chained and signed."""
    assay("admin", "tenant", "create", "desk", data=tmp_path)
    for name in ("one", "two"):
        create = ("admin", "key", "create", "--tenant", "desk", "--scope", "scans:read")
        assert assay(*create, "--name", name, data=tmp_path).code == 0
    database = Database(f"sqlite:///{tmp_path / 'assay.db'}")
    AuditLog(
        TrailRows(database), ReportSigner.at(tmp_path / "keys" / "report.pem"), database.now
    ).upkeep()
    database.close()
    return tmp_path


def change(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "assay.db")) as connection, connection:
        connection.execute(statement)


def test_the_log_says_who_did_what(data: Path) -> None:
    ran = assay("admin", "log", "--tenant", "desk", data=data)
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [(line["actor"], line["deed"]) for line in lines] == [
        ("command-line", "tenant.created"),
        ("command-line", "key.created"),
        ("command-line", "key.created"),
    ]
    about = lines[1]["object"]
    one = assay("admin", "log", "--tenant", "desk", "--of", about, data=data).out.splitlines()
    assert [json.loads(line)["line"] for line in one] == [2]


def test_an_untouched_log_is_confirmed(data: Path) -> None:
    ran = assay("admin", "verify-log", data=data)
    assert (ran.code, ran.out) == (0, "desk: 3 lines checked against 1 checkpoint\n")


def test_a_changed_log_is_found_out(data: Path) -> None:
    change(data, "UPDATE trail SET actor = 'key:other' WHERE line = 2")
    ran = assay("admin", "verify-log", data=data)
    assert ran.code == ExitCode.FOUND
    assert "desk: line 2 is not as it was written" in ran.out


def test_checkpoints_kept_elsewhere_show_what_was_cut_off(data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(assay("admin", "checkpoints", "--tenant", "desk", data=data).out)
    change(data, "DELETE FROM trail WHERE line = 3")
    change(data, "DELETE FROM trail_checkpoint")
    change(
        data, "UPDATE trail_end SET line = 2, digest = (SELECT digest FROM trail WHERE line = 2)"
    )
    assert assay("admin", "verify-log", data=data).code == ExitCode.NOTHING_FOUND
    ran = assay("admin", "verify-log", "--checkpoints", kept, data=data)
    assert ran.code == ExitCode.FOUND
    assert "desk: line 3 is missing" in ran.out


def test_what_are_no_checkpoints_is_said(data: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("{}")
    ran = assay("admin", "verify-log", "--checkpoints", tmp_path / "kept", data=data)
    assert ran.code == ExitCode.USAGE
    assert "no checkpoints" in ran.err
