from pathlib import Path

import pytest

from service.access.accounts import Accounts
from service.access.tenants import Tenants
from service.db.access import AccessRows
from service.db.engine import Database
from tests.service.access.people import HERE, People
from tests.service.command_line import Ran, assay

PASSWORD = "correct horse battery"


def create(data: Path, name: str, *more: str, password: str = PASSWORD) -> Ran:
    return assay("admin", "create", name, *more, data=data, stdin=f"{password}\n".encode())


def people(data: Path) -> People:
    return People(Database(f"sqlite:///{data / 'assay.db'}"))


def test_the_first_account_is_an_operators_and_its_password_comes_by_standard_input(
    tmp_path: Path,
) -> None:
    ran = create(tmp_path, "ines@example.org")
    assert (ran.code, ran.out) == (0, "")
    assert "may sign in as operator of default" in ran.err
    found = people(tmp_path).accounts.sign_in("ines@example.org", PASSWORD, HERE)
    assert found.role == "operator"


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("ines", "", "password_refused"),
        ("ines", "short", "password_refused"),
        ("two words", PASSWORD, "account_refused"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    tmp_path: Path, name: str, password: str, code: str
) -> None:
    ran = create(tmp_path, name, password=password)
    assert (ran.code, ran.out) == (2, "")
    assert f"[{code}]" in ran.err
    assert PASSWORD not in ran.err
    assert not people(tmp_path).accounts.any()


def test_a_password_is_never_an_argument(tmp_path: Path) -> None:
    assert assay("admin", "create", "ines", PASSWORD, data=tmp_path).code == 2
    assert assay("admin", "create", "ines", "--password", PASSWORD, data=tmp_path).code == 2


def test_accounts_are_listed_disabled_given_a_role_and_a_link(tmp_path: Path) -> None:
    create(tmp_path, "ines")
    people(tmp_path).tenants.create("desk")
    create(tmp_path, "joão", "--role", "viewer", "--tenant", "desk")
    listed = assay("admin", "account", "list", data=tmp_path).out.splitlines()
    assert listed == [
        "ines  default  operator  in use  never signed in",
        "joão  desk  viewer  in use  never signed in",
    ]
    only = assay("admin", "account", "list", "--tenant", "desk", data=tmp_path).out
    assert only.splitlines() == listed[1:]

    assert assay("admin", "account", "disable", "ines", data=tmp_path).code == 0
    assert assay("admin", "account", "role", "joão", "analyst", data=tmp_path).code == 0
    changed = assay("admin", "account", "list", data=tmp_path).out
    assert "ines  default  operator  disabled" in changed
    assert "joão  desk  analyst  in use" in changed
    assert assay("admin", "account", "reset", "ines", data=tmp_path).code == 2
    assert assay("admin", "account", "disable", "ines", "--undo", data=tmp_path).code == 0

    link = assay("admin", "account", "reset", "ines", data=tmp_path).out.strip()
    secret = link.removeprefix("/set-password?link=")
    database = Database(f"sqlite:///{tmp_path / 'assay.db'}")
    accounts = Accounts(database, Tenants(AccessRows(database)))
    assert accounts.use_link(secret, "another password, also long").name == "ines"


def test_an_unknown_name_is_a_clear_error(tmp_path: Path) -> None:
    for command in (("disable",), ("reset",)):
        ran = assay("admin", "account", *command, "nobody", data=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert "[account_not_found]" in ran.err
