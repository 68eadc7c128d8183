"""What `assay admin create` and `assay admin account` do: the operator of the machine may do all."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from sqlalchemy.exc import SQLAlchemyError

from service.access.accounts import Accounts
from service.access.passwords import LONGEST
from service.access.people import People
from service.access.principal import LOCAL, SCOPES, Principal, Role
from service.access_errors import PasswordRefused
from service.api.problems import refused_by_database
from service.cli.complain import complain, say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.db.accounts import StoredAccount
from service.errors import ServiceError
from service.language.figures import as_written
from service.language.spoken import _
from service.rendering.words import ROLES
from service.wiring import build_people, open_database

DONE: Final = ExitCode.NOTHING_FOUND


def create(name: str, tenant: str, role: Role) -> ExitCode:
    """Add an account with a password that is typed or comes by standard input."""
    with _explained(name):
        accounts = _accounts()
        accounts.create(name, tenant, role, _password())
        say(
            _(
                "{name} may sign in as {role} of {wanted}",
                name=name,
                role=ROLES[role],
                wanted=tenant,
            )
        )
    return DONE


def show(tenant: str | None) -> ExitCode:
    """One line for each account."""
    with _explained("accounts"):
        people = _people()
        if tenant is not None:
            people.tenants.get(tenant)
        for account in people.accounts.everybody():
            if tenant in {None, account.tenant}:
                typer.echo(_line(account))
    return DONE


def disable(name: str, *, undo: bool) -> ExitCode:
    with _explained(name):
        accounts = _accounts()
        account = accounts.named(name)
        change = accounts.enable if undo else accounts.disable
        change(_operator(account), account.id)
    return DONE


def set_role(name: str, role: Role) -> ExitCode:
    with _explained(name):
        accounts = _accounts()
        account = accounts.named(name)
        accounts.set_role(_operator(account), account.id, role)
    return DONE


def reset(name: str) -> ExitCode:
    """The link's path alone on standard output, once."""
    with _explained(name):
        accounts = _accounts()
        account = accounts.named(name)
        typer.echo(f"/set-password?link={accounts.reset(_operator(account), account.id)}")
    return DONE


@contextmanager
def _explained(about: str) -> Iterator[None]:
    """A refusal ends the command with a sentence and a code."""
    try:
        yield
    except (ServiceError, SQLAlchemyError) as error:
        refused = error if isinstance(error, ServiceError) else refused_by_database(error)
        complain(about, refused)
        raise typer.Exit(ExitCode.USAGE) from error


def _accounts() -> Accounts:
    return _people().accounts


def _people() -> People:
    settings = read_settings()
    return build_people(settings, open_database(settings))


def _operator(account: StoredAccount) -> Principal:
    """Whoever has the machine has every account."""
    return Principal(
        tenant=account.tenant, actor=LOCAL, scopes=SCOPES[Role.OPERATOR], role=Role.OPERATOR
    )


def _password() -> str:
    """Typed twice on a terminal; else the first line of standard input.

    Raises `PasswordRefused` when there is none.
    """
    if sys.stdin.isatty():
        typed: str = typer.prompt(
            _("Password"), hide_input=True, confirmation_prompt=True, err=True
        )
        return typed
    line = sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    if not line:
        raise PasswordRefused("no password came by standard input")
    return line


def _line(account: StoredAccount) -> str:
    signed_in = account.signed_in_at
    if signed_in is None:
        seen = _("never signed in")
    else:
        seen = _("signed in {when}", when=f"{as_written(f'{signed_in:%F %T}')} UTC")
    state = _("disabled") if account.disabled_at is not None else _("in use")
    printable = "".join(c if c.isprintable() else "�" for c in account.name)
    return f"{printable}  {account.tenant}  {account.role}  {state}  {seen}"
