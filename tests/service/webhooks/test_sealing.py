"""A copy of the database signs for nobody; the key is beside it and is made once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text
from standardwebhooks.webhooks import Webhook

from service.db.webhook_tables import EndpointRow
from service.errors import SealingKeyInvalid, SecretUnreadable
from service.webhooks.sealing import Seal
from service.webhooks.signing import new_secret
from tests.service.webhooks.posting import Post


def stored(post: Post) -> list[str | None]:
    with post.office.database.read() as session:
        row = session.execute(select(EndpointRow.secret, EndpointRow.former_secret)).one()
    return list(row)


def test_no_secret_is_readable_in_the_database_before_and_after_a_rotation(post: Post) -> None:
    secrets = [post.secret, post.webhooks.rotate(post.endpoint)]
    with post.office.database.read() as session:
        row = str(session.execute(text("SELECT * FROM webhook_endpoint")).one())
    for secret in secrets:
        assert secret not in row
        assert secret.removeprefix("whsec_")[:12] not in row


def test_secrets_of_an_earlier_version_still_sign_and_are_sealed_by_the_upkeep(post: Post) -> None:
    plain, former = new_secret(), new_secret()
    with post.office.database.write() as session:
        row = session.get_one(EndpointRow, post.endpoint.id)
        row.secret, row.former_secret = plain, former
    post.office.done()
    post.send_all()
    Webhook(plain).verify(post.receiver.bodies[0], post.receiver.seen[0])
    post.sender.upkeep()
    assert all(text is not None and text.startswith("sealed:") for text in stored(post))
    post.office.done()
    post.send_all()
    Webhook(plain).verify(post.receiver.bodies[1], post.receiver.seen[1])
    sealed = stored(post)
    post.sender.upkeep()
    assert stored(post) == sealed


def test_a_sealed_secret_opens_for_its_endpoint_and_key_alone() -> None:
    seal = Seal(bytes(32))
    sealed = seal.sealed("one", "whsec_abc")
    assert seal.opened("one", sealed) == "whsec_abc"
    assert sealed != seal.sealed("one", "whsec_abc")
    for other, name in ((seal, "two"), (Seal(b"y" * 32), "one")):
        with pytest.raises(SecretUnreadable):
            other.opened(name, sealed)
    for damaged in ("sealed:", "sealed:AAAA", "sealed:ä", sealed[:-4], "nonsense"):
        with pytest.raises(SecretUnreadable):
            seal.opened("one", damaged)


def test_processes_that_start_together_share_one_key_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "webhooks.key"
    with ThreadPoolExecutor(8) as pool:
        seals = list(pool.map(Seal.at, [path] * 8))
    sealed = seals[0].sealed("one", "whsec_abc")
    assert {seal.opened("one", sealed) for seal in seals} == {"whsec_abc"}
    assert path.stat().st_mode & 0o077 == 0
    assert [found.name for found in path.parent.iterdir()] == ["webhooks.key"]


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=", b"not base64!", bytes(32)])
def test_a_key_file_with_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "webhooks.key"
    path.write_bytes(content)
    with pytest.raises(SealingKeyInvalid):
        Seal.at(path)
