"""The operator's trust store."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provenance import published
from provenance.errors import (
    FetchRefused,
    TrustListInvalid,
    TrustListUnknown,
    TrustStoreDamaged,
)
from provenance.published import INTERIM_LISTS, official_lists, shipped_lists
from provenance.result import TrustKind
from provenance.trust import Published, TrustSnapshot, TrustStore
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
    entry = store.add(bundle, kind=TrustKind.TSA, at=now - timedelta(days=200))
    assert entry.warnings(now.date()) == (
        "1 of 2 certificates have expired",
        "1 of 2 expire within 30 days",
        "not updated for 199 days",
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
    signers = Published("signers", TrustKind.MANIFEST, roots)
    assert len(store.update([signers, Published("clocks", TrustKind.TSA, roots)])) == 2
    before = store.snapshot().fingerprint
    with pytest.raises(TrustListInvalid):
        store.update([signers, Published("clocks", TrustKind.TSA, words)])
    assert store.snapshot().fingerprint == before


@pytest.mark.parametrize("url", ["http://lists.example/a.pem", "ftp://a/b", "file:///a.pem"])
def test_lists_come_over_https_alone(tmp_path: Path, url: str) -> None:
    web: dict[str, bytes] = {}  # asking it for anything would be a KeyError
    store = TrustStore(tmp_path / "trust", web.__getitem__)
    with pytest.raises(FetchRefused):
        store.add(url, kind=TrustKind.MANIFEST)


def test_a_store_that_was_opened_to_read_fetches_nothing(store: TrustStore) -> None:
    with pytest.raises(FetchRefused):
        store.update(official_lists())


def test_every_published_list_is_fetched_over_https_and_in_the_roles_it_has() -> None:
    both = {TrustKind.MANIFEST, TrustKind.TSA}
    assert {item.kind for item in official_lists()} == both
    assert {item.kind for item in INTERIM_LISTS if item.name == "c2pa-interim-anchors"} == both
    assert all(item.uri.startswith("https://") for item in (*official_lists(), *INTERIM_LISTS))


def test_the_lists_that_ship_are_dated_hashed_and_name_whom_they_believe() -> None:
    signers, clocks = shipped_lists()
    assert (signers.kind, clocks.kind) == (TrustKind.MANIFEST, TrustKind.TSA)
    assert all(entry.built_in for entry in (signers, clocks))
    assert all(entry.added_at >= datetime(2026, 8, 5, tzinfo=UTC) for entry in (signers, clocks))
    assert "Google LLC" in signers.holders()
    assert min(len(signers.certificates), len(clocks.certificates)) > 20


def test_a_list_that_ships_cannot_be_exchanged_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in published.FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "C2PA-TRUST-LIST.pem").write_text(Authority.create("Intruder").root_pem)
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    with pytest.raises(TrustStoreDamaged, match=r"C2PA-TRUST-LIST\.pem"):
        shipped_lists.__wrapped__()


def test_an_operators_list_takes_the_place_of_one_that_ships_and_gives_it_back(
    tmp_path: Path, bundle: Path
) -> None:
    store = TrustStore(tmp_path / "trust", shipped=shipped_lists)
    assert [entry.name for entry in store.lists()] == ["c2pa-trust-list", "c2pa-tsa-trust-list"]
    mine = store.add(bundle, kind=TrustKind.MANIFEST, name="c2pa-trust-list")
    store.add(bundle, kind=TrustKind.MANIFEST, name="newsroom")
    listed = store.lists()
    assert [entry.name for entry in listed] == [
        "c2pa-trust-list",
        "newsroom",
        "c2pa-tsa-trust-list",
    ]
    assert listed[0] == mine
    snapshot, gone = store.pinned([shipped_lists()[0].reference(mine.added_at.date())])
    assert (snapshot.lists, gone) == ((shipped_lists()[0],), ())
    store.remove("c2pa-trust-list")
    assert store.lists()[0].built_in
    with pytest.raises(TrustListUnknown, match="ships with assay"):
        store.remove("c2pa-trust-list")


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
