"""`assay admin prepare`: a database up to date and somebody who may sign in."""

from pathlib import Path

from tests.service.access.people import HERE
from tests.service.cli.test_accounts import PASSWORD, people
from tests.service.command_line import Ran, assay


def prepare(data: Path, *more: str | Path) -> Ran:
    return assay("admin", "prepare", *more, data=data)


def test_an_empty_installation_gets_its_tables_and_nobody_an_account(tmp_path: Path) -> None:
    assert prepare(tmp_path).code == 0
    assert not people(tmp_path).accounts.any()


def test_the_first_operator_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    first = prepare(tmp_path, "--account", "ines@example.org", "--password-file", file)
    assert first.code == 0
    assert PASSWORD not in first.err
    assert people(tmp_path).accounts.sign_in("ines@example.org", PASSWORD, HERE).role == "operator"
    file.write_text("another password altogether")
    again = prepare(tmp_path, "--account", "joao@example.org", "--password-file", file)
    assert again.code == 0
    assert "there are accounts already" in again.err
    assert len(people(tmp_path).accounts.everybody()) == 1


def test_a_password_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    ran = prepare(tmp_path, "--account", "ines", "--password-file", tmp_path / "none")
    assert ran.code == 2
    assert "none cannot be read" in ran.err
    assert "[password_refused]" in ran.err


def test_an_account_without_a_password_is_refused(tmp_path: Path) -> None:
    assert prepare(tmp_path, "--account", "ines").code == 2
