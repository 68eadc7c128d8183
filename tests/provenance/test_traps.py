"""Fourteen ways in which a reader of Content Credentials comes to a wrong verdict.

Where the C2PA library itself steps into the trap, the test shows that by `engine_state`.
"""

import io
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import c2pa as sdk  # type: ignore[import-untyped]
import pytest

from provenance import c2pa
from provenance.codes import gather
from provenance.errors import EngineUnsafe
from provenance.judge import Judge
from provenance.manifests import read_manifests
from provenance.origin import edits
from provenance.result import (
    IdentityStatus,
    Integrity,
    Origin,
    Presence,
    SignerTrust,
    TimestampStatus,
    TrustKind,
)
from provenance.trust import NO_TRUST
from tests.media import jpeg, photo_like, video_with_sound
from tests.provenance.conftest import Read
from tests.signing import (
    AI_GENERATED,
    C2PA_CLAIM_SIGNING,
    CAPTURED,
    TIME_STAMPING,
    Authority,
    Credential,
    Parent,
    action,
    sign,
)
from tests.timestamping import timestamp_server

List = tuple[TrustKind, str]

OTHER_PHOTO = jpeg(photo_like(320, 240, seed=8))


def test_1_a_certificate_with_the_c2pa_key_usage_alone_is_trusted(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    credential = authority.issue(usages=(C2PA_CLAIM_SIGNING,))
    found = read(sign(photo, credential).data, trusted)
    assert found.integrity is Integrity.INTACT
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.TRUSTED
    assert found.signer.trust_list == "list-0"


@pytest.mark.parametrize("kind", [TrustKind.TSA, TrustKind.CAWG])
def test_2_a_root_listed_for_something_else_vouches_for_no_claim(
    kind: TrustKind, read: Read, authority: Authority, photo: bytes, stranger: List
) -> None:
    signed = sign(photo, authority.issue()).data
    found = read(signed, (kind, authority.root_pem), stranger)
    assert found.engine_state == "Trusted"
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.UNTRUSTED


def test_2_a_root_listed_for_both_is_found_in_the_list_that_counts(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    lists = ((TrustKind.TSA, authority.root_pem), trusted, (TrustKind.CAWG, authority.root_pem))
    for _ in range(5):  # the library picks one of them at random
        found = read(sign(photo, authority.issue()).data, *lists)
        assert found.signer is not None
        assert (found.signer.trust, found.signer.trust_list) == (SignerTrust.TRUSTED, "list-1")


def test_2_a_record_of_trust_in_an_ingredient_is_not_believed(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    """The record says "trusted" and the library stays silent, because a time list vouches too."""
    other = Authority.create("Camera Maker")
    inner = sign(photo, other.issue(), actions=[action(source_type=CAPTURED)]).data
    parent = Parent(data=inner)
    outer = sign(photo, authority.issue(), ingredients=[parent], trusting=[other]).data
    recorded = [verdicts.recorded.success for verdicts in gather(_document(outer)).values()]
    assert any("signingCredential.trusted" in codes for codes in recorded)
    found = read(outer, trusted, (TrustKind.TSA, other.root_pem))
    assert [m.signer.trust for m in found.manifests if m.signer] == [
        SignerTrust.TRUSTED,
        SignerTrust.UNTRUSTED,
    ]
    assert found.origin_signer_trust is SignerTrust.UNTRUSTED


def test_3_a_parent_recorded_as_tampered_breaks_the_chain(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    parent = _change_a_pixel(sign(photo, credential, actions=[action(source_type=CAPTURED)]).data)
    found = read(sign(photo, credential, ingredients=[Parent(data=parent)]).data, trusted)
    assert found.engine_state == "Trusted"
    assert found.integrity is Integrity.INTACT
    assert not found.chain_ok
    assert "assertion.dataHash.mismatch" in found.chain_failures[0]
    assert found.manifests[0].ingredients[0].integrity is Integrity.ASSET_MISMATCH


def test_4_ai_declared_in_an_ancestor_only_is_found(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    made = sign(photo, credential, actions=[action(source_type=AI_GENERATED)]).data
    cropped = sign(photo, credential, ingredients=[Parent(data=made)]).data
    found = read(sign(photo, credential, ingredients=[Parent(data=cropped)]).data, trusted)
    assert (found.origin, found.origin_depth) == (Origin.AI_GENERATED, 2)
    assert found.origin_signer_trust is SignerTrust.TRUSTED
    assert found.chain_ok


def test_4_ai_in_a_component_makes_the_whole_edited_not_generated(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    made = sign(OTHER_PHOTO, credential, actions=[action(source_type=AI_GENERATED)]).data
    part = Parent(data=made, relationship="componentOf")
    taken = [action(source_type=CAPTURED)]
    base = Parent(data=sign(photo, credential, actions=taken).data)
    found = read(sign(photo, credential, ingredients=[base, part]).data, trusted)
    assert found.origin is Origin.AI_EDITED


def test_5_bings_plain_words_count_as_its_declaration(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    said = [action(description="AI Generated Image")]
    found = read(sign(photo, credential, actions=said, claim_version=1).data, trusted)
    assert found.origin is Origin.AI_GENERATED


def test_6_the_moment_of_judgement_is_recorded_and_can_be_set(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    ends = datetime.now(UTC) + timedelta(days=30)
    signed = sign(photo, authority.issue(valid_until=ends)).data
    now, later = read(signed, trusted), read(signed, trusted, at=ends + timedelta(days=1))
    assert now.signer is not None
    assert later.signer is not None
    assert now.signer.trust is SignerTrust.TRUSTED
    assert later.signer.trust is SignerTrust.EXPIRED
    assert later.validated_at == ends + timedelta(days=1)
    assert later.integrity is Integrity.INTACT


def test_6_expiry_is_a_matter_of_the_signer_not_of_integrity(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=1)
    signed = sign(photo, authority.issue(valid_until=ends)).data
    time.sleep(2.1)  # certificates count in whole seconds
    found = read(signed, trusted)
    assert found.engine_state == "Invalid"
    assert found.integrity is Integrity.INTACT
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.EXPIRED


def test_6_a_moment_before_the_certificate_expired_is_judged_as_it_was_then(
    read: Read, authority: Authority, photo: bytes, trusted: List, stranger: List
) -> None:
    """The library knows only its own clock, by which the certificate has expired."""
    then = datetime.now(UTC)
    signed = sign(photo, authority.issue(valid_until=then + timedelta(seconds=1))).data
    unfit = authority.issue(valid_until=then + timedelta(seconds=1), usages=(TIME_STAMPING,))
    misused = sign(photo, unfit).data
    time.sleep(2.1)
    found = read(signed, trusted, at=then)
    assert found.signer is not None
    assert (found.signer.trust, found.signer.trust_list) == (SignerTrust.TRUSTED, "list-0")
    other = read(signed, stranger, (TrustKind.TSA, authority.root_pem), at=then)
    assert other.signer is not None
    assert other.signer.trust is SignerTrust.UNTRUSTED
    before = read(signed, trusted, at=then - timedelta(days=3650 * 2))
    assert before.signer is not None
    assert before.signer.trust is SignerTrust.EXPIRED
    clock = read(misused, trusted, at=then)
    assert clock.signer is not None
    assert clock.signer.trust is SignerTrust.UNTRUSTED


def test_6_a_time_stamp_of_a_listed_authority_outlives_the_certificate(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    clock = Authority.create("Clock")
    ends = datetime.now(UTC) + timedelta(days=30)
    with timestamp_server(clock.issue(usages=[TIME_STAMPING])) as url:
        signed = sign(photo, authority.issue(valid_until=ends), timestamp_url=url).data
    later = ends + timedelta(days=1)
    vouched = read(signed, trusted, (TrustKind.TSA, clock.root_pem), at=later)
    unvouched = read(signed, trusted, (TrustKind.MANIFEST, clock.root_pem), at=later)
    assert vouched.timestamp.status is TimestampStatus.TRUSTED
    assert vouched.signer is not None
    assert vouched.signer.trust is SignerTrust.TRUSTED
    assert unvouched.timestamp.status is TimestampStatus.UNTRUSTED
    assert unvouched.signer is not None
    assert unvouched.signer.trust is SignerTrust.EXPIRED


def test_7_an_unlisted_authority_does_not_become_trusted_under_a_version_1_claim(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    clock = Authority.create("Backdated").issue(usages=[TIME_STAMPING])
    with timestamp_server(clock) as url:
        signed = sign(photo, credential, claim_version=1, timestamp_url=url).data
    codes = gather(_document(signed))
    assert any("timeStamp.trusted" in verdicts.fresh.success for verdicts in codes.values())
    somebody = (TrustKind.TSA, Authority.create("Some Clock").root_pem)
    for lists in ((trusted,), (trusted, somebody)):
        assert read(signed, *lists).timestamp.status is TimestampStatus.UNTRUSTED


def test_7_a_listed_authority_is_found_under_a_version_1_claim(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    clock = Authority.create("Clock")
    ends = datetime.now(UTC) + timedelta(days=30)
    with timestamp_server(clock.issue(usages=[TIME_STAMPING])) as url:
        credential = authority.issue(valid_until=ends)
        signed = sign(photo, credential, claim_version=1, timestamp_url=url).data
    listed = (TrustKind.TSA, clock.root_pem)
    found = read(signed, trusted, listed, at=ends + timedelta(days=1))
    assert (found.timestamp.status, found.timestamp.trust_list) == (
        TimestampStatus.TRUSTED,
        "list-1",
    )
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.TRUSTED
    assert read(signed, trusted, (TrustKind.MANIFEST, clock.root_pem)).timestamp.trust_list == ""


def test_7_a_listed_authority_that_may_not_stamp_vouches_for_nothing(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    clock = Authority.create("Clock")
    with timestamp_server(clock.issue(usages=[C2PA_CLAIM_SIGNING])) as url:
        signed = sign(photo, credential, claim_version=1, timestamp_url=url).data
    found = read(signed, trusted, (TrustKind.TSA, clock.root_pem))
    assert found.timestamp.status is not TimestampStatus.TRUSTED


def test_8_a_hash_mismatch_is_explained_and_not_called_an_edited_picture(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    found = read(sign(photo, credential).data + b"appended", trusted)
    assert found.integrity is Integrity.ASSET_MISMATCH
    assert found.integrity_code == "assertion.dataHash.mismatch"
    assert "hash" in found.integrity_explanation
    assert any("no proof that the picture" in warning for warning in found.warnings)
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.TRUSTED


def test_9_parts_of_a_video_left_out_of_the_hash_are_warned_about(
    read: Read, credential: Credential, trusted: List
) -> None:
    video = sign(video_with_sound("mp4", 1.0), credential, media_type="video/mp4").data
    found = read(video, trusted, media_type="video/mp4")
    assert found.integrity is Integrity.INTACT
    assert any("left more of the file out" in warning for warning in found.warnings)


def test_10_a_read_without_verification_is_never_a_verdict(
    credential: Credential, photo: bytes
) -> None:
    settings = {"verify": {"verify_after_reading": False}}
    document = _document(sign(photo, credential).data, settings)
    judge = _judge_without_lists()
    (manifest,) = read_manifests(document, gather(document), judge)
    assert manifest.integrity is Integrity.NOT_CHECKED


def test_11_a_sidecar_is_judged_with_its_own_file(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    store = sign(photo, credential, embed=False).manifest
    assert read(photo, trusted).presence is Presence.NONE
    beside = read(photo, trusted, manifest=store)
    assert (beside.presence, beside.integrity) == (Presence.SIDECAR, Integrity.INTACT)
    elsewhere = read(OTHER_PHOTO, trusted, manifest=store)
    assert elsewhere.integrity is Integrity.ASSET_MISMATCH
    alone = read(store, trusted, media_type="application/c2pa")
    assert (alone.presence, alone.integrity) == (Presence.UNSUPPORTED, None)


def test_12_an_identity_that_cannot_be_checked_leaves_integrity_alone(
    credential: Credential, photo: bytes
) -> None:
    """As the library reports it for an issuer whose key is on the network: state Invalid."""
    document = _document(sign(photo, credential).data)
    manifest = document["manifests"][0]
    manifest["assertions"]["cawg.identity"] = {"signer_payload": {"sig_type": "cawg.ica"}}
    url = f"self#jumbf=/c2pa/{manifest['label']}/c2pa.assertions/cawg.identity"
    manifest["validationResults"]["failure"].append(
        {"code": "cawg.ica.did_unavailable", "url": url, "explanation": "cannot be resolved"}
    )
    judge = _judge_without_lists()
    (read_back,) = read_manifests(document, gather(document), judge)
    assert read_back.integrity is Integrity.INTACT
    assert read_back.identities[0].status is IdentityStatus.UNRESOLVED


def test_13_a_remote_manifest_is_reported_and_never_fetched(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    with _listener() as (address, visits):
        pointer = f"{address}/store.c2pa"
        signed = sign(photo, credential, embed=False, remote_url=pointer).data
        found = read(signed, trusted)
    assert found.presence is Presence.REMOTE_UNFETCHED
    assert found.remote_url == pointer
    assert visits == []


def test_13_a_library_that_ignores_the_settings_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(c2pa, "_settings", lambda _: {"verify": {"remote_manifest_fetch": True}})
    with pytest.raises(EngineUnsafe):
        c2pa.Library(NO_TRUST)


def test_14_a_trusted_signer_who_declares_nothing_proves_nothing_about_the_content(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    found = read(sign(photo, credential, actions=[action()], claim_version=1).data, trusted)
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.TRUSTED
    assert found.origin is Origin.UNDECLARED
    assert not found.origin_is_evidence


def test_14_a_genuine_capture_below_a_strangers_file_lends_it_nothing(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    taken = sign(photo, credential, actions=[action(source_type=CAPTURED)]).data
    forger = Authority.create("Forger").issue()
    found = read(sign(OTHER_PHOTO, forger, ingredients=[Parent(data=taken)]).data, trusted)
    assert found.origin is Origin.CAPTURED
    assert found.origin_signer_trust is SignerTrust.UNTRUSTED
    assert not found.origin_is_evidence


def test_a_picture_pasted_into_a_genuine_capture_is_an_edit_that_declares_nothing(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    taken = sign(photo, credential, actions=[action(source_type=CAPTURED)]).data
    parts = [Parent(data=taken), Parent(data=OTHER_PHOTO, relationship="componentOf")]
    found = read(sign(OTHER_PHOTO, credential, ingredients=parts).data, trusted)
    assert found.origin_is_evidence
    assert found.origin is Origin.CAPTURED
    assert edits(found.manifests) == ("c2pa.placed",)
    assert edits(read(taken, trusted).manifests) == ()


def _judge_without_lists() -> Judge:
    return Judge(
        at=datetime.now(UTC),
        kinds=frozenset(),
        names_of=lambda *_: (),
        ask=lambda _: {},
        vouch_legacy=lambda *_: (),
    )


def _change_a_pixel(data: bytes) -> bytes:
    """Alter one byte of the compressed picture, far behind every header."""
    at = len(data) - 200
    return data[:at] + bytes((data[at] ^ 0x01,)) + data[at + 1 :]


def _document(data: bytes, settings: Mapping[str, object] | None = None) -> dict:  # type: ignore[type-arg]
    """Return what the library reports about signed bytes, under settings of the test's choice."""
    context = sdk.Context.from_dict(settings or {"verify": {"remote_manifest_fetch": False}})
    with sdk.Reader("image/jpeg", io.BytesIO(data), None, context) as reader:
        return dict(json.loads(reader.crjson()))


@contextmanager
def _listener() -> Iterator[tuple[str, list[str]]]:
    """Listen on the loopback interface and note every path that anybody asks for."""
    visits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", visits
        finally:
            server.shutdown()
            thread.join()
