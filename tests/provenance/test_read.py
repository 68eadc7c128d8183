"""Reading files of every kind: what is there, what is not, and what is broken."""

import io
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from detectors.media.sandbox import Sandbox
from provenance import manifests
from provenance.bounded import MAX_TEXT, clean
from provenance.child import handle
from provenance.client import read_through
from provenance.errors import RequestInvalid
from provenance.prescan import BLOCK, MANIFEST_STORE, may_hold_credentials
from provenance.read import read as read_file
from provenance.result import (
    Integrity,
    Origin,
    Presence,
    Provenance,
    SignerTrust,
    TimestampStatus,
    TrustKind,
)
from provenance.signed_facts import MAX_FACTS
from provenance.statuses import StatusClass
from provenance.trust import NO_TRUST
from tests.media import audio_bytes, image_bytes, photo_like, video_with_sound
from tests.provenance.conftest import Read, snapshot
from tests.signing import (
    AI_EDITED,
    CAPTURED,
    TIME_STAMPING,
    Authority,
    Credential,
    Parent,
    action,
    sign,
)
from tests.sounds import speech_like
from tests.timestamping import timestamp_server

List = tuple[TrustKind, str]

PICTURES = {
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/tiff": "tiff",
    "image/gif": "gif",
}
SOUNDS = {"audio/wav": "wav", "audio/mpeg": "mp3", "audio/flac": "flac", "audio/mp4": "m4a"}

WRITABLE = [
    media_type
    for media_type in (*PICTURES, *SOUNDS, "video/mp4")
    if media_type != "image/heic"  # which the library reads but does not write
]


def _sample(media_type: str) -> bytes:
    if media_type in PICTURES:
        return image_bytes(photo_like(64, 48), PICTURES[media_type])  # type: ignore[arg-type]
    if media_type in SOUNDS:
        return audio_bytes(speech_like(0.5), SOUNDS[media_type])  # type: ignore[arg-type]
    return video_with_sound("mp4", 0.5)


@pytest.mark.parametrize("media_type", [*PICTURES, *SOUNDS, "video/mp4"])
def test_a_plain_file_has_no_credentials(media_type: str, read: Read) -> None:
    found = read(_sample(media_type), media_type=media_type)
    assert found.presence is Presence.NONE
    assert found.integrity is None
    assert found.signer is None


@pytest.mark.parametrize("media_type", WRITABLE)
def test_a_signed_file_of_every_kind_is_intact_and_trusted(
    media_type: str, read: Read, credential: Credential, trusted: List
) -> None:
    signed = sign(_sample(media_type), credential, media_type=media_type).data
    found = read(signed, trusted, media_type=media_type)
    assert (found.presence, found.integrity) == (Presence.EMBEDDED, Integrity.INTACT)
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.TRUSTED


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("video/webm", b"\x1aE\xdf\xa3" + bytes(100)),
        ("audio/ogg", b"OggS" + bytes(100)),
        ("image/bmp", b"BM" + bytes(100)),
        ("text/plain", b"hello"),
    ],
)
def test_a_container_that_cannot_be_searched_is_not_called_empty(
    media_type: str, data: bytes, read: Read
) -> None:
    assert read(data, media_type=media_type).presence is Presence.UNSUPPORTED


def test_without_a_trust_list_the_signer_is_unknown(
    read: Read, credential: Credential, photo: bytes
) -> None:
    found = read(sign(photo, credential).data)
    assert found.integrity is Integrity.INTACT
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.UNKNOWN
    assert found.trust_lists == ()


def test_one_allowed_certificate_makes_only_that_signer_trusted(
    read: Read, credential: Credential, photo: bytes
) -> None:
    found = read(sign(photo, credential).data, (TrustKind.MANIFEST, credential.certificate_pem))
    assert found.signer is not None
    assert (found.signer.trust, found.signer.trust_list) == (SignerTrust.TRUSTED, "list-0")


def test_a_changed_assertion_is_an_altered_manifest(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    signed = sign(photo, credential, actions=[action(source_type=AI_EDITED)]).data
    found = read(signed.replace(b"digitalSourceType", b"digitalSourceTypo"), trusted)
    assert found.integrity is Integrity.MANIFEST_ALTERED
    assert found.integrity_code == "assertion.hashedURI.mismatch"
    assert not found.origin_is_evidence


def test_a_changed_claim_is_a_bad_signature(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    found = read(sign(photo, credential).data.replace(b"assay-tests", b"Leica-tests"), trusted)
    assert found.integrity is Integrity.SIGNATURE_BAD
    assert found.integrity_code == "claimSignature.mismatch"


@pytest.mark.parametrize("length", [200, 1000, 3000])
def test_a_truncated_signed_file_is_unreadable_or_broken_but_never_plain(
    length: int, read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    found = read(sign(photo, credential).data[:length], trusted)
    assert found.presence is Presence.UNREADABLE
    assert found.integrity is not Integrity.INTACT


def test_a_store_that_cannot_be_read_is_never_called_altered(
    read: Read, credential: Credential, photo: bytes
) -> None:
    found = read(sign(photo, credential).data.replace(b"jumd", b"jumx"))
    assert (found.presence, found.integrity) == (Presence.UNREADABLE, Integrity.NOT_CHECKED)
    assert found.fault is StatusClass.UNREADABLE


def test_everything_a_manifest_says_is_kept(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    said = [
        {
            "label": "cawg.training-mining",
            "data": {"entries": {"cawg.ai_generative_training": {"use": "notAllowed"}}},
        },
        {
            "label": "c2pa.soft-binding",
            "data": {"alg": "com.example.mark", "blocks": [{"scope": {}, "value": "abc"}]},
        },
    ]
    parent = Parent(data=sign(photo, credential).data, title="before.jpg")
    edit = action("c2pa.edited", AI_EDITED, softwareAgent={"name": "Editor", "version": "2"})
    signed = sign(photo, credential, actions=[edit], ingredients=[parent], assertions=said)
    found = read(signed.data, trusted)
    active, before = found.manifests
    assert found.claim_generator == "assay-tests 1.0"
    assert [(a.name, a.source_type, a.agent) for a in active.actions][1] == (
        "c2pa.edited",
        "compositeWithTrainedAlgorithmicMedia",
        "Editor 2",
    )
    assert active.ingredients[0].title == "before.jpg"
    assert active.ingredients[0].manifest == before.label
    assert [(rule.purpose, rule.use) for rule in active.usage_rules] == [
        ("cawg.ai_generative_training", "notAllowed")
    ]
    assert [mark.algorithm for mark in active.soft_bindings] == ["com.example.mark"]
    assert (active.depth, before.depth, active.claim_version) == (0, 1, 2)
    assert found.origin is Origin.AI_EDITED


def test_generated_content_added_by_an_edit_does_not_make_the_whole_generated(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    parent = Parent(data=photo)
    fill = action(
        "c2pa.edited", "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    )
    found = read(sign(photo, credential, actions=[fill], ingredients=[parent]).data, trusted)
    assert found.origin is Origin.AI_EDITED


def test_text_from_a_file_cannot_disturb_a_report(
    read: Read, credential: Credential, photo: bytes
) -> None:
    evil = "\u202egnp.exe\x1b[31m\n<b>" + "x" * 5000
    found = read(sign(photo, credential, definition={"title": evil}).data)
    title = found.manifests[0].title
    assert title.startswith("gnp.exe [31m <b>")
    assert len(title) == MAX_TEXT
    assert title.endswith("…")
    assert clean(b"bytes") == ""


def test_what_is_left_out_of_a_long_store_never_counts_as_sound(
    read: Read,
    credential: Credential,
    photo: bytes,
    trusted: List,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed = sign(photo, credential, ingredients=[Parent(data=photo), Parent(data=photo)]).data
    monkeypatch.setattr(manifests, "MAX_ITEMS", 1)
    found = read(signed, trusted)
    assert found.truncated
    assert not found.chain_ok
    assert "more than is read" in found.chain_failures[0]


def test_a_result_survives_the_way_through_json(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    found = read(sign(photo, credential).data, trusted)
    assert Provenance.model_validate_json(found.model_dump_json()) == found


def test_the_child_asks_for_trust_lists_it_does_not_have(
    credential: Credential, photo: bytes, trusted: List
) -> None:
    signed = sign(photo, credential).data
    sent: list[Mapping[str, Any]] = []

    def send(request: Mapping[str, Any]) -> Mapping[str, Any]:
        sent.append(request)
        return handle(request, io.BytesIO(signed))[0]

    lists = snapshot(trusted)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    for _ in range(2):
        found = read_through(send, media_type="image/jpeg", snapshot=lists, at=at)
        assert found.signer is not None
        assert found.signer.trust is SignerTrust.TRUSTED
        assert found.validated_at == at
    assert ["snapshot" in request for request in sent] == [False, True, False]


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"trust": NO_TRUST.fingerprint},
        {"trust": NO_TRUST.fingerprint, "media_type": "image/jpeg", "manifest": "%"},
        {"trust": "0" * 64, "snapshot": {"lists": "none"}},
        {"trust": "0" * 64, "snapshot": {"lists": []}},
    ],
)
def test_the_child_refuses_a_request_that_makes_no_sense(request_: dict[str, object]) -> None:
    with pytest.raises(RequestInvalid):
        handle(request_, io.BytesIO(b"data"))


def test_the_child_reads_in_a_sandbox_that_opens_no_file(
    credential: Credential, photo: bytes, trusted: List
) -> None:
    """A time stamp of a version 1 claim takes every path that loads a module late."""
    clock = Authority.create("Clock")
    with timestamp_server(clock.issue(usages=[TIME_STAMPING])) as url:
        signed = sign(photo, credential, claim_version=1, timestamp_url=url).data
    lists = snapshot(trusted, (TrustKind.TSA, clock.root_pem))
    with Sandbox(handler="provenance.child:handle") as sandbox:
        found = read_through(
            lambda request: sandbox.call(request, io.BytesIO(signed), seconds=30).body,
            media_type="image/jpeg",
            snapshot=lists,
        )
    assert found.timestamp.status is TimestampStatus.TRUSTED
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.TRUSTED


def test_calling_a_child_loads_neither_the_library_nor_cryptography() -> None:
    code = (
        "import sys, provenance.client; print({'c2pa', 'cryptography', 'numpy'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_the_parent_refuses_an_answer_that_is_no_provenance() -> None:
    with pytest.raises(RequestInvalid):
        read_through(lambda _: {"provenance": {"presence": "maybe"}}, media_type="image/jpeg")


def test_a_reader_for_one_file_needs_no_trust_list(photo: bytes) -> None:
    assert read_file(io.BytesIO(photo), media_type="image/jpeg").presence is Presence.NONE


@pytest.mark.parametrize("shift", range(-20, 4, 3))
def test_the_scan_finds_a_store_across_the_seam_of_two_blocks(shift: int) -> None:
    data = bytes(BLOCK + shift) + MANIFEST_STORE + bytes(100)
    assert may_hold_credentials(io.BytesIO(data), "image/png")
    assert not may_hold_credentials(io.BytesIO(bytes(len(data))), "image/png")


def test_the_scan_never_rules_out_what_it_cannot_see() -> None:
    assert may_hold_credentials(io.BytesIO(b"%PDF-1.7"), "application/pdf")
    assert may_hold_credentials(io.BytesIO(b"<svg><c2pa:manifest>"), "image/svg+xml")
    assert may_hold_credentials(io.BytesIO(b"META-INF/content_credential.c2pa"), "application/zip")


def test_one_module_alone_imports_the_c2pa_library() -> None:
    folder = Path(__file__).parents[2] / "provenance"
    importers = [
        path.name
        for path in folder.rglob("*.py")
        if re.search(r"^\s*(?:import|from) c2pa\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert importers == ["c2pa.py"]


def test_everything_else_that_was_signed_is_told_by_name_and_value(
    read: Read, credential: Credential, photo: bytes
) -> None:
    person = {"@type": "Person", "name": "Ana\u202eB", "credential": [{"url": "u", "hash": "h"}]}
    assertions = [
        {"label": "stds.schema-org.CreativeWork", "data": {"@type": "x", "author": [person]}},
        {"label": "com.example.scanner", "data": {"dpi": 300, "flags": {"colour": True}}},
        {"label": "com.example.many", "data": {"values": [f"v{n}" for n in range(200)]}},
    ]
    stated = [
        action(
            "c2pa.edited",
            parameters={"tool": {"name": "brush", "size": 4}},
        )
    ]
    signed = sign(
        photo, credential, actions=[action(source_type=CAPTURED), *stated], assertions=assertions
    )
    (manifest,) = read(signed.data).manifests
    said = [(fact.assertion, fact.name, fact.value) for fact in manifest.facts]
    assert said[:3] == [
        ("stds.schema-org.CreativeWork", "author.name", "Ana B"),
        ("com.example.scanner", "dpi", "300"),
        ("com.example.scanner", "flags.colour", "yes"),
    ]
    assert len(said) == MAX_FACTS
    assert manifest.actions[1].parameters == ("tool.name: brush", "tool.size: 4")
