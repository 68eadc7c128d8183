"""Keys and tenants on both databases: made, used, replaced, ended."""

import threading
from datetime import timedelta

import pytest

from service.access.keyring import USE_NOTED, Keyring
from service.access.keys import KeyText
from service.access.principal import Scope
from service.access.tenants import Tenants
from service.access_errors import (
    KeyExpired,
    KeyInvalid,
    KeyNotFound,
    TenantExists,
    TenantNotFound,
    TenantSuspended,
)
from service.db.access import AccessRows, OwnLimits
from service.db.engine import Database
from service.errors import InvalidRequest
from tests.service.office import Clock

READ = frozenset({Scope.SCANS_READ})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rows(database: Database) -> AccessRows:
    return AccessRows(database)


@pytest.fixture
def keyring(rows: AccessRows, clock: Clock) -> Keyring:
    return Keyring(rows, now=clock)


def test_a_key_lets_in_with_its_scopes_and_for_its_tenant(keyring: Keyring) -> None:
    made = keyring.create("default", "ingest", READ)
    principal = keyring.principal(made.text)
    assert (principal.tenant, principal.actor) == ("default", f"key:{made.id}")
    assert principal.scopes == READ
    assert not principal.may(Scope.ADMIN)


def test_only_a_hash_of_a_key_is_kept(keyring: Keyring) -> None:
    made = keyring.create("default", "ingest", READ)
    (kept,) = keyring.list()
    assert made.text not in repr(kept)
    assert kept.hash == made.hash


def test_after_a_rotation_both_keys_work_for_the_overlap(keyring: Keyring, clock: Clock) -> None:
    old = keyring.create("default", "ingest", READ)
    new = keyring.rotate(old.id, overlap=timedelta(hours=1))
    clock.move(minutes=59)
    assert keyring.principal(old.text).scopes == keyring.principal(new.text).scopes
    clock.move(minutes=1)
    with pytest.raises(KeyExpired):
        keyring.principal(old.text)
    assert keyring.principal(new.text).tenant == "default"
    assert next(key for key in keyring.list() if key.id == old.id).replaced_by == new.id


def test_an_overlap_does_not_outlive_the_key_itself(keyring: Keyring, clock: Clock) -> None:
    end = clock() + timedelta(hours=1)
    old = keyring.create("default", "ingest", READ, expires_at=end)
    new = keyring.rotate(old.id, overlap=timedelta(days=1))
    ends = {key.id: key.expires_at for key in keyring.list()}
    assert ends == {old.id: end, new.id: end}


def test_a_key_is_rotated_once_however_many_try(keyring: Keyring) -> None:
    old = keyring.create("default", "ingest", READ)
    made: list[KeyText] = []
    refused: list[Exception] = []

    def rotate() -> None:
        try:
            made.append(keyring.rotate(old.id, overlap=timedelta(hours=1)))
        except InvalidRequest as error:
            refused.append(error)

    threads = [threading.Thread(target=rotate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 7)
    assert len(keyring.list()) == 2


def test_a_revoked_key_ends_at_once_and_for_good(keyring: Keyring) -> None:
    made = keyring.create("default", "ingest", READ)
    keyring.revoke(made.id)
    with pytest.raises(KeyInvalid):
        keyring.principal(made.text)
    with pytest.raises(InvalidRequest, match="revoked"):
        keyring.rotate(made.id, overlap=timedelta(hours=1))
    assert keyring.ever()


def test_the_last_use_is_noted_now_and_then(keyring: Keyring, clock: Clock) -> None:
    made = keyring.create("default", "ingest", READ)
    first = clock()
    keyring.principal(made.text)
    clock.move(seconds=USE_NOTED.total_seconds() - 1)
    keyring.principal(made.text)
    assert keyring.list()[0].used_at == first
    clock.move(seconds=1)
    keyring.principal(made.text)
    assert keyring.list()[0].used_at == clock()


def test_a_suspended_tenant_is_let_in_again_when_it_is_resumed(
    keyring: Keyring, rows: AccessRows
) -> None:
    tenants = Tenants(rows)
    tenants.create("news")
    made = keyring.create("news", "ingest", READ)
    tenants.suspend("news")
    with pytest.raises(TenantSuspended):
        keyring.principal(made.text)
    tenants.resume("news")
    assert keyring.principal(made.text).tenant == "news"


def test_what_makes_no_sense_is_refused(keyring: Keyring, rows: AccessRows, clock: Clock) -> None:
    tenants = Tenants(rows)
    for name in ("", "News", "a/b", "-a", "a-", "a" * 64, "a\n"):
        with pytest.raises(InvalidRequest):
            tenants.create(name)
    with pytest.raises(TenantExists):
        tenants.create("default")
    for missing in ("nobody", ""):
        with pytest.raises(TenantNotFound):
            keyring.create(missing, "ingest", READ)
        with pytest.raises(TenantNotFound):
            tenants.suspend(missing)
        with pytest.raises(TenantNotFound):
            tenants.limit(missing, OwnLimits())
    with pytest.raises(InvalidRequest, match="scope"):
        keyring.create("default", "ingest", frozenset())
    with pytest.raises(InvalidRequest, match="name"):
        keyring.create("default", " ", READ)
    with pytest.raises(InvalidRequest, match="expired"):
        keyring.create("default", "ingest", READ, expires_at=clock())
    for act in (keyring.revoke, lambda key: keyring.rotate(key, overlap=timedelta(0))):
        with pytest.raises(KeyNotFound):
            act("0" * 16)


def test_keys_are_listed_for_one_tenant_or_all(keyring: Keyring, rows: AccessRows) -> None:
    Tenants(rows).create("news")
    first, second = (keyring.create(name, "k", READ) for name in ("default", "news"))
    assert {key.id for key in keyring.list()} == {first.id, second.id}
    assert [key.id for key in keyring.list("news")] == [second.id]
