"""The operator's trust store."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provenance.errors import (
    FetchRefused,
    TrustListInvalid,
    TrustListUnknown,
    TrustStoreDamaged,
)
from provenance.result import TrustKind
from provenance.trust import OFFICIAL_LISTS, TrustSnapshot, TrustStore
from tests.signing import Authority, Credential


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust")


@pytest.fixture
def bundle(tmp_path: Path, authority: Authority) -> Path:
    path = tmp_path / "My Roots.pem"
    path.write_text("# a comment, as official lists have them\n" + authority.root_pem)
    return path


def test_an_empty_store_trusts_nobody(store: TrustStore) -> None:
    assert store.lists() == ()
    assert not store.snapshot().has(TrustKind.MANIFEST)


def test_a_file_is_added_with_its_name_hash_date_and_number_of_anchors(
    store: TrustStore, bundle: Path
) -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    store.add(bundle, kind=TrustKind.MANIFEST, at=at)
    (reference,) = store.snapshot().references(at.date())
    assert (reference.name, reference.kind, reference.anchors) == (
        "my-roots",
        TrustKind.MANIFEST,
        1,
    )
    assert reference.added_at == at
    assert reference.uri == "file:My Roots.pem"
    assert len(reference.sha256) == 64


def test_adding_again_replaces_and_changes_the_fingerprint(store: TrustStore, bundle: Path) -> None:
    store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    before = store.snapshot().fingerprint
    bundle.write_text(bundle.read_text() + Authority.create("Another").root_pem)
    store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    assert len(store.lists()) == 1
    assert store.snapshot().fingerprint != before


def test_one_file_may_be_listed_for_two_kinds_and_removed_from_one(
    store: TrustStore, bundle: Path
) -> None:
    for kind in (TrustKind.MANIFEST, TrustKind.TSA):
        store.add(bundle, kind=kind, name="roots")
    store.remove("roots", TrustKind.TSA)
    assert [entry.kind for entry in store.lists()] == [TrustKind.MANIFEST]
    store.remove("roots")
    assert store.lists() == ()
    with pytest.raises(TrustListUnknown):
        store.remove("roots")


def test_a_certificate_that_is_no_authority_is_an_allowed_signer(
    store: TrustStore, bundle: Path, credential: Credential
) -> None:
    bundle.write_text(credential.certificate_pem)
    entry = store.add(bundle, kind=TrustKind.MANIFEST)
    assert [certificate.is_authority for certificate in entry.certificates] == [False]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_no_list_is_refused_and_leaves_the_store_alone(
    content: str, store: TrustStore, bundle: Path
) -> None:
    store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    bundle.write_text(content)
    with pytest.raises(TrustListInvalid):
        store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    assert len(store.lists()) == 1


def test_a_name_cannot_lead_out_of_the_folder(store: TrustStore, bundle: Path) -> None:
    with pytest.raises(TrustListInvalid):
        store.add(bundle, kind=TrustKind.MANIFEST, name="../roots")


def test_expired_and_expiring_certificates_and_old_lists_are_warned_about(
    store: TrustStore, bundle: Path
) -> None:
    now = datetime.now(UTC)
    soon = Authority.create("Soon", at=now - timedelta(days=3650 - 20))
    gone = Authority.create("Gone", at=now - timedelta(days=3650 + 20))
    bundle.write_text(soon.root_pem + gone.root_pem)
    entry = store.add(bundle, kind=TrustKind.TSA, at=now - timedelta(days=100))
    assert entry.warnings(now.date()) == (
        "1 of 2 certificates have expired",
        "1 of 2 expire within 30 days",
        "not updated for 99 days",
    )


def test_a_damaged_file_is_named_and_not_passed_over(store: TrustStore, tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "manifest--x.json").write_text("{}")
    with pytest.raises(TrustStoreDamaged, match=r"manifest--x\.json"):
        store.lists()


def test_a_list_is_fetched_and_named_after_its_address(
    tmp_path: Path, authority: Authority
) -> None:
    web = {"https://lists.example/My%20Roots.pem?v=2": authority.root_pem.encode()}
    store = TrustStore(tmp_path / "trust", web.__getitem__)
    entry = store.add(next(iter(web)), kind=TrustKind.MANIFEST)
    assert (entry.name, len(entry.certificates)) == ("my-20roots", 1)


def test_an_update_replaces_nothing_unless_every_list_arrived(
    tmp_path: Path, authority: Authority
) -> None:
    roots, words = "https://lists.example/roots.pem", "https://lists.example/words"
    web = {roots: authority.root_pem.encode(), words: b"no certificate here"}
    store = TrustStore(tmp_path / "trust", web.__getitem__)
    assert len(store.update({TrustKind.MANIFEST: roots, TrustKind.TSA: roots})) == 2
    before = store.snapshot().fingerprint
    with pytest.raises(TrustListInvalid):
        store.update({TrustKind.MANIFEST: roots, TrustKind.TSA: words})
    assert store.snapshot().fingerprint == before


@pytest.mark.parametrize("url", ["http://lists.example/a.pem", "ftp://a/b", "file:///a.pem"])
def test_lists_come_over_https_alone(tmp_path: Path, url: str) -> None:
    web: dict[str, bytes] = {}  # asking it for anything would be a KeyError
    store = TrustStore(tmp_path / "trust", web.__getitem__)
    with pytest.raises(FetchRefused):
        store.add(url, kind=TrustKind.MANIFEST)


def test_a_store_that_was_opened_to_read_fetches_nothing(store: TrustStore) -> None:
    with pytest.raises(FetchRefused):
        store.update()


def test_the_official_lists_are_fetched_over_https() -> None:
    assert set(OFFICIAL_LISTS) == {TrustKind.MANIFEST, TrustKind.TSA}
    assert all(url.startswith("https://") for url in OFFICIAL_LISTS.values())


def test_a_list_that_could_not_be_replaced_stays_in_force(
    store: TrustStore, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    bundle.write_text(Authority.create("Another").root_pem)

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    assert store.lists() == (first,)
    assert not list(bundle.parent.glob("trust/*.tmp"))


def test_a_damaged_list_can_be_replaced(store: TrustStore, bundle: Path) -> None:
    store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    (bundle.parent / "trust" / "manifest--roots.json").write_text("{}")
    store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    assert [entry.name for entry in store.lists()] == ["roots"]


def test_a_replaced_or_removed_list_is_kept_for_the_reports_that_name_it(
    store: TrustStore, bundle: Path
) -> None:
    first = store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    named = store.snapshot().references(first.added_at.date())
    bundle.write_text(Authority.create("Another").root_pem)
    store.add(bundle, kind=TrustKind.MANIFEST, name="roots")
    store.remove("roots")
    assert store.lists() == ()
    snapshot, gone = store.pinned(named)
    assert (snapshot.lists, gone) == ((first,), ())
    unknown = named[0].model_copy(update={"sha256": "0" * 64})
    assert store.pinned((unknown,)) == (TrustSnapshot(), (unknown,))
