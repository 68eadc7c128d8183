"""The operator's trust store, and the guard it fetches through."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from provenance.errors import (
    FetchRefused,
    TrustListInvalid,
    TrustListUnknown,
    TrustStoreDamaged,
)
from provenance.fetch import Guard, fetch
from provenance.result import TrustKind
from provenance.trust import OFFICIAL_LISTS, TrustStore
from tests.signing import Authority, Credential

LOOPBACK = Guard(https_only=False, public_addresses_only=False, max_bytes=100_000, max_seconds=3)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust", LOOPBACK)


@pytest.fixture
def bundle(tmp_path: Path, authority: Authority) -> Path:
    path = tmp_path / "My Roots.pem"
    path.write_text("# a comment, as official lists have them\n" + authority.root_pem)
    return path


@pytest.fixture
def site(authority: Authority) -> Iterator[str]:
    """A web site with a list, a redirect to it, a redirect inwards, an error and a flood."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = {
                "/list.pem": (200, {}, authority.root_pem.encode()),
                "/moved": (302, {"Location": "/list.pem"}, b""),
                "/circle": (302, {"Location": "/circle"}, b""),
                "/flood": (200, {}, b"x" * 200_000),
                "/words": (200, {}, b"no certificate here"),
            }.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


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


def test_a_list_is_fetched_through_a_redirect(store: TrustStore, site: str) -> None:
    entry = store.add(f"{site}/moved", kind=TrustKind.MANIFEST)
    assert (entry.name, len(entry.certificates)) == ("moved", 1)


def test_an_update_replaces_nothing_unless_every_list_arrived(store: TrustStore, site: str) -> None:
    good = {TrustKind.MANIFEST: f"{site}/list.pem", TrustKind.TSA: f"{site}/list.pem"}
    assert len(store.update(good)) == 2
    before = store.snapshot().fingerprint
    with pytest.raises(TrustListInvalid):
        store.update({TrustKind.MANIFEST: f"{site}/list.pem", TrustKind.TSA: f"{site}/words"})
    assert store.snapshot().fingerprint == before


@pytest.mark.parametrize("path", ["/flood", "/missing", "/circle"])
def test_an_answer_past_a_limit_is_refused(path: str, site: str) -> None:
    with pytest.raises(FetchRefused):
        fetch(site + path, LOOPBACK)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/list.pem",
        "https://127.0.0.1/list.pem",
        "https://[::1]/list.pem",
        "https://[::ffff:127.0.0.1]/list.pem",
        "https://10.0.0.1/list.pem",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/list.pem",
        "https://user:secret@127.0.0.1/list.pem",
        "file:///etc/passwd",
        "https:///list.pem",
    ],
)
def test_by_default_only_https_to_public_addresses_is_fetched(url: str) -> None:
    with pytest.raises(FetchRefused):
        fetch(url)


def test_a_redirect_into_a_private_network_is_refused(site: str) -> None:
    """The first address is relaxed for the test's own site, the scheme of the second is not."""
    with pytest.raises(FetchRefused):
        fetch(f"{site}/moved", Guard(public_addresses_only=False))


def test_the_official_lists_are_fetched_over_https() -> None:
    assert set(OFFICIAL_LISTS) == {TrustKind.MANIFEST, TrustKind.TSA}
    assert all(url.startswith("https://") for url in OFFICIAL_LISTS.values())
