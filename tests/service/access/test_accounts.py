import threading
from datetime import timedelta

import pytest

from service.access.accounts import LINK_LIFE, Accounts, External
from service.access.principal import Role
from service.access.throttle import BY_BOTH, BY_NAME
from service.access_errors import (
    AccountNotFound,
    AccountRefused,
    LinkInvalid,
    PasswordRefused,
    SignInFailed,
    TenantNotFound,
    TooManyAttempts,
)
from service.db.accounts import AccountRows
from service.db.engine import Database
from tests.service.access.people import HERE, PASSWORD, People, cheap, principal

SECOND = timedelta(seconds=1)


@pytest.fixture
def people(database: Database) -> People:
    return People(database)


def fail(people: People, name: str = "ines", address: str = HERE) -> None:
    with pytest.raises(SignInFailed):
        people.accounts.sign_in(name, "wrong password", address)


def test_nobody_has_to_sign_in_before_there_is_an_account(people: People) -> None:
    assert not people.accounts.any()
    people.make()
    assert people.accounts.any()


def test_name_and_password_lead_to_the_account(people: People) -> None:
    made = people.make("Inês@example.org")
    found = people.accounts.sign_in(" INÊS@Example.org ", PASSWORD, HERE)
    assert found.id == made.id
    (listed,) = people.accounts.everybody()
    assert listed.signed_in_at == people.clock.now


def test_an_unknown_name_a_wrong_password_and_a_disabled_account_answer_alike(
    people: People,
) -> None:
    made = people.make()
    refusals = set()
    for name, password in (("nobody", PASSWORD), ("ines", "wrong password")):
        with pytest.raises(SignInFailed) as refused:
            people.accounts.sign_in(name, password, HERE)
        refusals.add(str(refused.value))
    people.accounts.disable(principal(Role.OPERATOR), made.id)
    with pytest.raises(SignInFailed) as refused:
        people.accounts.sign_in("ines", PASSWORD, HERE)
    assert refusals == {str(refused.value)}


def test_an_account_without_a_password_cannot_sign_in_with_an_empty_one(people: People) -> None:
    people.accounts.add(principal(Role.ADMIN), "ines", Role.VIEWER)
    for password in ("", "None"):
        with pytest.raises(SignInFailed):
            people.accounts.sign_in("ines", password, HERE)


def test_a_hash_of_other_parameters_is_renewed_when_its_owner_signs_in(people: People) -> None:
    made = people.make()
    accounts = Accounts(people.database, people.tenants, cheap(passes=2), people.clock)
    accounts.sign_in("ines", PASSWORD, HERE)
    renewed = AccountRows(people.database).by_id(made.id)
    assert renewed is not None
    assert renewed.password != made.password
    assert "t=2" in str(renewed.password)
    assert accounts.sign_in("ines", PASSWORD, HERE).id == made.id


def test_wrong_passwords_are_slowed_down_and_room_comes_back(people: People) -> None:
    people.make()
    interval, size = BY_BOTH
    for _ in range(size):
        fail(people)
    with pytest.raises(TooManyAttempts) as refused:
        people.accounts.sign_in("ines", PASSWORD, HERE)
    assert refused.value.retry_after == interval.total_seconds()
    people.clock.pass_by(interval)
    people.accounts.sign_in("ines", PASSWORD, HERE)
    people.accounts.sign_in("ines", PASSWORD, HERE)  # the one before did not count


def test_refused_attempts_do_not_prolong_the_wait(people: People) -> None:
    people.make()
    interval, size = BY_BOTH
    for _ in range(size):
        fail(people)
    for _ in range(50):
        with pytest.raises(TooManyAttempts):
            people.accounts.sign_in("ines", "wrong password", HERE)
    people.clock.pass_by(interval)
    assert people.accounts.sign_in("ines", PASSWORD, HERE).name == "ines"


def test_one_stranger_cannot_keep_the_owner_of_a_name_out(people: People) -> None:
    people.make()
    for _ in range(600):
        with pytest.raises((SignInFailed, TooManyAttempts)):
            people.accounts.sign_in("ines", "wrong password", "198.51.100.7")
        people.clock.pass_by(SECOND)
    assert people.accounts.sign_in("ines", PASSWORD, HERE).name == "ines"


def test_many_addresses_together_get_only_so_many_attempts_at_a_name(people: People) -> None:
    people.make()
    interval, size = BY_NAME
    for number in range(size):
        fail(people, address=f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts):
        people.accounts.sign_in("ines", "wrong password", "203.0.113.9")
    people.clock.pass_by(interval)
    assert people.accounts.sign_in("ines", PASSWORD, "203.0.113.9").name == "ines"


def test_one_address_cannot_try_one_password_on_every_name(people: People) -> None:
    refused = 0
    for number in range(100):
        try:
            people.accounts.sign_in(f"person{number}", "wrong password", HERE)
        except TooManyAttempts:
            refused += 1
        except SignInFailed:
            continue
    assert refused == 70


def test_a_whole_network_of_ipv6_counts_as_one_address(people: People) -> None:
    people.make()
    for number in range(BY_BOTH[1]):
        fail(people, address=f"2001:db8::{number:x}")
    with pytest.raises(TooManyAttempts):
        people.accounts.sign_in("ines", "wrong password", "2001:db8::ffff")
    fail(people, address="2001:db8:0:1::1")


def test_attempts_of_many_threads_at_once_are_counted_exactly(people: People) -> None:
    people.make()
    outcomes: list[type[Exception]] = []

    def attempt() -> None:
        try:
            Accounts(people.database, people.tenants, cheap(), people.clock).sign_in(
                "ines", "wrong one", HERE
            )
        except (SignInFailed, TooManyAttempts) as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(SignInFailed) == BY_BOTH[1]
    assert len(outcomes) == 20


@pytest.mark.parametrize("password", ["short", "x" * 257, "abababababab", "ines-ines-2026!", ""])
def test_a_poor_password_is_refused_with_a_reason(people: People, password: str) -> None:
    with pytest.raises(PasswordRefused, match="a password"):
        people.accounts.create("ines", "default", Role.VIEWER, password)


@pytest.mark.parametrize("name", ["", " ", "two words", "a\nb", "x" * 255])
def test_a_name_that_nobody_could_type_is_refused(people: People, name: str) -> None:
    with pytest.raises(AccountRefused, match="a name"):
        people.make(name)


def test_a_name_is_given_once_whatever_its_case_and_tenant(people: People) -> None:
    people.make("ines")
    with pytest.raises(AccountRefused):
        people.make("INES", tenant="other")


def test_a_new_person_sets_a_password_by_a_link_that_works_once(people: People) -> None:
    secret = people.accounts.add(principal(Role.ADMIN), "ines", Role.VIEWER)
    assert people.accounts.of_link(secret).name == "ines"
    people.accounts.use_link(secret, PASSWORD)
    assert people.accounts.sign_in("ines", PASSWORD, HERE).role == Role.VIEWER
    with pytest.raises(LinkInvalid):
        people.accounts.use_link(secret, "another password, also long")


def test_a_link_ends_after_its_time_and_with_the_account(people: People) -> None:
    admin = principal(Role.ADMIN)
    first = people.accounts.add(admin, "ines", Role.VIEWER)
    people.clock.pass_by(LINK_LIFE)
    with pytest.raises(LinkInvalid):
        people.accounts.of_link(first)
    made = people.accounts.named("ines")
    second = people.accounts.reset(admin, made.id)
    people.accounts.disable(admin, made.id)
    with pytest.raises(LinkInvalid):
        people.accounts.of_link(second)
    people.accounts.enable(admin, made.id)
    with pytest.raises(LinkInvalid):
        people.accounts.of_link(second)


def test_a_reset_leaves_the_old_password_until_the_link_is_used(people: People) -> None:
    made = people.make()
    secret = people.accounts.reset(principal(Role.ADMIN), made.id)
    people.accounts.sign_in("ines", PASSWORD, HERE)
    people.accounts.use_link(secret, "another password, also long")
    fail(people)
    people.accounts.sign_in("ines", "another password, also long", HERE)


@pytest.mark.parametrize(
    ("by", "role", "allowed"),
    [
        *((Role.OPERATOR, role, True) for role in Role),
        *((Role.ADMIN, role, role is not Role.OPERATOR) for role in Role),
        *((by, role, False) for by in (Role.ANALYST, Role.VIEWER) for role in Role),
    ],
)
def test_who_may_give_which_role(people: People, by: Role, role: Role, *, allowed: bool) -> None:
    made, acting = people.make(role=Role.VIEWER), principal(by)
    if allowed:
        people.accounts.set_role(acting, made.id, role)
        assert people.accounts.named("ines").role == role
        assert people.accounts.add(acting, "joão", role)
        return
    with pytest.raises(AccountRefused):
        people.accounts.set_role(acting, made.id, role)
    with pytest.raises(AccountRefused):
        people.accounts.add(acting, "joão", role)
    assert people.accounts.named("ines").role == Role.VIEWER


def test_an_administrator_cannot_touch_an_operator(people: People) -> None:
    made, admin = people.make(role=Role.OPERATOR), principal(Role.ADMIN)
    for change in (people.accounts.disable, people.accounts.enable, people.accounts.reset):
        with pytest.raises(AccountRefused):
            change(admin, made.id)
    with pytest.raises(AccountRefused):
        people.accounts.set_role(admin, made.id, Role.VIEWER)


def test_accounts_of_another_tenant_are_not_there(people: People) -> None:
    made, operator = people.make(tenant="theirs"), principal(Role.OPERATOR, "ours")
    assert people.accounts.people(operator) == ()
    for change in (people.accounts.disable, people.accounts.enable, people.accounts.reset):
        with pytest.raises(AccountNotFound):
            change(operator, made.id)
    with pytest.raises(AccountNotFound):
        people.accounts.set_role(operator, made.id, Role.VIEWER)


def test_nobody_disables_or_demotes_themselves(people: People) -> None:
    made = people.make(role=Role.ADMIN)
    self = principal(Role.ADMIN, actor=f"account:{made.id}")
    with pytest.raises(AccountRefused):
        people.accounts.disable(self, made.id)
    with pytest.raises(AccountRefused):
        people.accounts.set_role(self, made.id, Role.VIEWER)


def external(name: str = "ines", role: Role = Role.ANALYST, tenant: str = "default") -> External:
    return External(
        issuer="https://id.example.org", subject="42", name=name, tenant=tenant, role=role
    )


def test_somebody_from_a_provider_gets_one_account_whose_role_follows_the_provider(
    people: People,
) -> None:
    made = people.accounts.sign_in_from(external())
    people.tenants.create("other")
    people.sessions.begin(made, "", instead_of=None)
    again = people.accounts.sign_in_from(external(role=Role.VIEWER, tenant="other"))
    assert (again.id, again.role, again.tenant) == (made.id, Role.VIEWER, "other")
    assert people.sessions.of(made.id) == ()
    fail(people)


def test_a_provider_cannot_take_over_an_account_of_the_same_name(people: People) -> None:
    people.make("ines", Role.OPERATOR)
    with pytest.raises(AccountRefused):
        people.accounts.sign_in_from(external())


def test_a_disabled_account_cannot_come_in_by_its_provider(people: People) -> None:
    made = people.accounts.sign_in_from(external())
    people.accounts.disable(principal(Role.ADMIN), made.id)
    with pytest.raises(SignInFailed):
        people.accounts.sign_in_from(external())


def test_nobody_belongs_to_a_tenant_that_does_not_exist(people: People) -> None:
    with pytest.raises(TenantNotFound):
        people.accounts.create("ines", "nowhere", Role.VIEWER, PASSWORD)
    with pytest.raises(TenantNotFound):
        people.accounts.sign_in_from(external(tenant="nowhere"))
    assert not people.accounts.any()
