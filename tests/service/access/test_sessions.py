from datetime import timedelta

import pytest
from sqlalchemy import select

from service.access import csrf
from service.access.principal import SCOPES, Role
from service.access.sessions import IDLE, LIFE, principal_of
from service.access_errors import CsrfTokenWrong, SignInFailed, TenantSuspended
from service.db.account_tables import SessionRow
from service.db.engine import Database
from service.db.sessions import StoredSession
from tests.service.access.people import HERE, PASSWORD, People, principal

MINUTE = timedelta(minutes=1)


@pytest.fixture
def people(database: Database) -> People:
    return People(database)


def begun(people: People, name: str = "ines") -> tuple[str, StoredSession]:
    token = people.sessions.begin(people.accounts.named(name), "Browser/1", instead_of=None)
    found = people.sessions.find(token)
    assert found is not None
    return token, found


def test_a_session_is_found_by_its_token_which_is_nowhere_in_the_database(people: People) -> None:
    made = people.make()
    token, found = begun(people)
    assert (found.account_id, found.account_name, found.agent) == (made.id, "ines", "Browser/1")
    with people.database.read() as session:
        row = session.scalars(select(SessionRow)).one()
        kept = [str(getattr(row, column.name)) for column in SessionRow.__table__.columns]
    assert token not in " ".join(kept)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "ü" * 43, "x" * 100_000])
def test_a_token_that_was_never_given_out_finds_nothing(people: People, token: str) -> None:
    people.make()
    begun(people)
    assert people.sessions.find(token) is None


def test_signing_in_never_takes_over_a_token_that_was_there_before(people: People) -> None:
    made = people.make()
    before, _ = begun(people)
    after = people.sessions.begin(made, "", instead_of=before)
    assert after != before
    assert people.sessions.find(before) is None
    assert people.sessions.find(after) is not None


def test_every_session_has_a_csrf_token_of_its_own(people: People) -> None:
    people.make()
    (_, one), (_, other) = begun(people), begun(people)
    csrf.check(one.csrf, one.csrf)
    for wrong in (other.csrf, None, "", "ü"):
        with pytest.raises(CsrfTokenWrong):
            csrf.check(one.csrf, wrong)


def test_a_session_ends_when_nobody_uses_it(people: People) -> None:
    people.make()
    token, _ = begun(people)
    people.clock.pass_by(IDLE - MINUTE)
    assert people.sessions.find(token) is not None
    people.clock.pass_by(IDLE - MINUTE)
    assert people.sessions.find(token) is not None
    people.clock.pass_by(IDLE + MINUTE)
    assert people.sessions.find(token) is None


def test_a_session_ends_after_its_life_however_busy_it_is(people: People) -> None:
    people.make()
    token, _ = begun(people)
    for _ in range(LIFE // (IDLE / 2) - 1):
        people.clock.pass_by(IDLE / 2)
        assert people.sessions.find(token) is not None
    people.clock.pass_by(IDLE / 2)
    assert people.sessions.find(token) is None


def test_expired_sessions_are_deleted_when_somebody_signs_in(people: People) -> None:
    people.make()
    begun(people)
    people.clock.pass_by(LIFE)
    begun(people)
    with people.database.read() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1


def test_a_disabled_account_loses_its_sessions_at_once(people: People) -> None:
    made = people.make()
    token, _ = begun(people)
    people.accounts.disable(principal(Role.ADMIN), made.id)
    assert people.sessions.find(token) is None
    people.accounts.enable(principal(Role.ADMIN), made.id)
    assert people.sessions.find(token) is None


def test_a_changed_role_ends_the_sessions_that_had_the_old_one(people: People) -> None:
    made = people.make(role=Role.ADMIN)
    token, _ = begun(people)
    people.accounts.set_role(principal(Role.ADMIN), made.id, Role.VIEWER)
    assert people.sessions.find(token) is None


def test_a_new_password_ends_every_other_session(people: People) -> None:
    made = people.make()
    (kept, session), (other, _) = begun(people), begun(people)
    new = "another password, also long"
    with pytest.raises(SignInFailed):
        people.accounts.change_password(
            made.id, "wrong password", new, address=HERE, keep=session.token
        )
    assert people.sessions.find(other) is not None
    people.accounts.change_password(made.id, PASSWORD, new, address=HERE, keep=session.token)
    assert people.sessions.find(kept) is not None
    assert people.sessions.find(other) is None
    assert people.accounts.sign_in("ines", new, HERE).id == made.id


def test_signing_out_ends_one_session_or_all_and_never_anybody_elses(people: People) -> None:
    people.make()
    people.make("joão")
    (first, mine), (second, _), (third, theirs) = (
        begun(people),
        begun(people),
        begun(people, "joão"),
    )
    people.sessions.end_one(mine, theirs.id)
    assert people.sessions.find(third) is not None
    people.sessions.end(mine)
    assert people.sessions.find(first) is None
    assert people.sessions.find(second) is not None
    people.sessions.end_all(mine)
    assert people.sessions.find(second) is None
    assert people.sessions.find(third) is not None


@pytest.mark.parametrize("role", Role)
def test_a_session_speaks_for_its_account_with_the_scopes_of_its_role(
    people: People, role: Role
) -> None:
    made = people.make(role=role, tenant="desk")
    _, session = begun(people)
    found = principal_of(session, people.tenants)
    assert found.actor == f"account:{made.id}"
    assert (found.tenant, found.role, found.scopes) == ("desk", role, SCOPES[role])


def test_an_operators_session_acts_in_the_tenant_it_was_told_to(people: People) -> None:
    people.make(role=Role.OPERATOR)
    token, session = begun(people)
    people.sessions.act_in(session, "other")
    found = people.sessions.find(token)
    assert found is not None
    assert principal_of(found, people.tenants).tenant == "other"


def test_a_suspended_tenant_lets_nobody_act_but_an_operator(people: People) -> None:
    people.make(tenant="desk")
    people.make("joão", Role.OPERATOR, tenant="desk")
    (_, ines), (_, joao) = begun(people), begun(people, "joão")
    people.tenants.suspend("desk")
    with pytest.raises(TenantSuspended):
        principal_of(ines, people.tenants)
    assert principal_of(joao, people.tenants).tenant == "desk"
    people.tenants.resume("desk")
    assert principal_of(ines, people.tenants).tenant == "desk"
