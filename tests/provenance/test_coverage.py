"""Bytes that nobody signed: told by where they lie, and never taken for an edit."""

import hashlib
import io
import struct

import pytest

from provenance.coverage import awaits_segments, end_of, uncovered
from provenance.result import Integrity, Provenance, Span, TrustKind
from provenance.statuses import StatusClass
from tests.media import ImageContainer, image_bytes, jpeg, photo_like, speech_wav, video_with_sound
from tests.provenance.conftest import Read
from tests.signing import (
    AI_GENERATED,
    CAPTURED,
    DRAWN,
    Credential,
    Parent,
    action,
    sign,
)

List = tuple[TrustKind, str]
TAIL = b"nobody signed this" * 50


def boxed(picture: bytes, credential: Credential) -> bytes:
    """A JPEG under a hash of its parts, which says nothing of what lies behind the last of them."""
    names: list[str] = []
    offset = 20
    kinds = {0xDB: "DQT", 0xC0: "SOF0", 0xC4: "DHT", 0xDA: "SOS"}
    while not names or names[-1] != "SOS":
        names.append(kinds[picture[offset + 1]])
        offset += 2 + int.from_bytes(picture[offset + 2 : offset + 4], "big")
    boxes = [
        _box(["SOI", "APP0"], picture[:20]),
        {"names": ["C2PA"], "alg": "sha256", "hash": [0], "pad": []},
        _box([*names, "EOI"], picture[20:]),
    ]
    assertion = {"label": "c2pa.hash.boxes", "data": {"boxes": boxes}}
    return sign(picture, credential, assertions=[assertion]).data


def _box(names: list[str], data: bytes) -> dict[str, object]:
    digest = list(hashlib.sha256(data).digest())
    return {"names": names, "alg": "sha256", "hash": digest, "pad": []}


def test_bytes_behind_the_end_under_a_box_hash_are_warned_about(
    read: Read, credential: Credential, trusted: List
) -> None:
    signed = boxed(jpeg(photo_like(320, 240)), credential)
    plain, longer = read(signed, trusted), read(signed + TAIL, trusted)
    assert (plain.integrity, plain.unsigned, plain.warnings) == (Integrity.INTACT, (), ())
    assert (longer.integrity, longer.fault) == (Integrity.INTACT, None)
    assert longer.unsigned == (Span(start=len(signed), length=len(TAIL)),)
    assert any("nobody signed them" in warning for warning in longer.warnings)


@pytest.mark.parametrize(
    ("container", "media_type"),
    [("jpeg", "image/jpeg"), ("png", "image/png"), ("gif", "image/gif"), ("webp", "image/webp")],
)
def test_bytes_behind_the_end_under_a_data_hash_are_told_from_an_edit(
    read: Read, credential: Credential, container: ImageContainer, media_type: str
) -> None:
    picture = image_bytes(photo_like(96, 80), container)
    signed = sign(picture, credential, media_type=media_type).data
    found = read(signed + TAIL, media_type=media_type)
    assert (found.integrity, found.fault) == (Integrity.ASSET_MISMATCH, StatusClass.CHANGED)
    assert found.unsigned == (Span(start=len(signed), length=len(TAIL)),)
    edited = bytearray(signed + TAIL)
    edited[len(signed) - 20] ^= 1
    assert read(bytes(edited), media_type=media_type).unsigned == ()


def test_a_recording_ends_where_its_container_says() -> None:
    wave = speech_wav(0.5)
    assert end_of(io.BytesIO(wave + TAIL), "audio/wav") == len(wave)
    assert end_of(io.BytesIO(wave), "audio/ogg") is None


def test_a_filled_box_behind_a_film_is_told_and_an_empty_one_is_not(
    read: Read, credential: Credential
) -> None:
    film = sign(video_with_sound("mp4", 1.0), credential, media_type="video/mp4").data
    for content, expected in ((TAIL, 1), (bytes(len(TAIL)), 0)):
        box = struct.pack(">I4s", len(content) + 8, b"free") + content
        found = read(film + box, media_type="video/mp4")
        assert found.integrity is Integrity.INTACT
        assert len(found.unsigned) == expected


def test_what_the_signer_left_out_beside_the_store_is_measured() -> None:
    picture = jpeg(photo_like(96, 80))
    store = b"\xff\xeb" + struct.pack(">H", 102) + b"JP" + bytes(98)
    file = picture[:20] + store + picture[20:]
    data_hash = {"exclusions": [{"start": 0, "length": 130}], "alg": "sha256"}
    manifest = {"assertions": {"c2pa.hash.data": data_hash}}
    found = uncovered(io.BytesIO(file), "image/jpeg", manifest, matches=True)
    assert found == (Span(start=0, length=20), Span(start=124, length=6))


@pytest.mark.parametrize(
    "data_hash",
    [
        {"exclusions": [{"start": 2**64 - 1, "length": 2**64 - 1}], "hash": "b64'AAAA'"},
        {"exclusions": [{"start": -1, "length": 5}, "x", {}], "hash": [300]},
        {"exclusions": None, "hash": "b64'!'", "alg": {"no": "name"}},
        {"hash": "b64'AAAA'", "alg": "md5"},
    ],
)
@pytest.mark.parametrize("matches", [True, False])
def test_an_absurd_hash_tells_nothing_and_does_no_harm(
    data_hash: dict[str, object], *, matches: bool
) -> None:
    file = io.BytesIO(jpeg(photo_like(96, 80)) + TAIL)
    manifest = {"assertions": {"c2pa.hash.data": data_hash}}
    assert uncovered(file, "image/jpeg", manifest, matches=matches) == ()


def test_a_signer_who_leaves_out_the_store_alone_left_nothing_out(
    read: Read, credential: Credential, photo: bytes
) -> None:
    found = read(sign(photo, credential).data)
    assert (found.unsigned, found.fault, found.warnings) == ((), None, ())


def test_the_first_segment_alone_waits_for_the_others() -> None:
    manifest = {"assertions": {"c2pa.hash.bmff.v2": {"merkle": [{"initHash": [1, 2]}]}}}
    first = struct.pack(">I4s", 16, b"ftyp") + bytes(8)
    part = struct.pack(">I4s", 8, b"moof")
    assert awaits_segments(io.BytesIO(first), "video/mp4", manifest)
    assert not awaits_segments(io.BytesIO(first + part), "video/mp4", manifest)
    assert not awaits_segments(io.BytesIO(first), "video/mp4", {"assertions": {}})


def test_a_manifest_that_its_writer_malformed_accuses_nobody(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    actions = [action("c2pa.color_adjustments", AI_GENERATED)]
    found = read(sign(photo, credential, actions=actions).data, trusted)
    assert (found.integrity, found.fault) == (Integrity.MALFORMED, StatusClass.MALFORMED)
    assert found.integrity_code == "assertion.action.malformed"


def test_a_part_that_was_broken_when_it_was_added_is_not_a_change(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    found = _with_part(read, credential, photo, trusted, "componentOf")
    assert (found.integrity, found.chain_ok) == (Integrity.INTACT, False)
    assert found.fault is StatusClass.BROKEN_BEFORE


def _with_part(
    read: Read, credential: Credential, photo: bytes, trusted: List, relationship: str
) -> Provenance:
    part = bytearray(sign(photo, credential).data)
    part[-200] ^= 0xFF
    stated = [
        action(source_type=DRAWN),
        action("c2pa.placed", parameters={"ingredientIds": ["xmp:iid:ingredient-0"]}),
    ]
    assertions = {"label": "c2pa.actions", "data": {"actions": stated}}
    signed = sign(
        photo,
        credential,
        ingredients=[Parent(data=bytes(part), relationship=relationship)],
        definition={"assertions": [assertions]},
    )
    return read(signed.data, trusted)


def test_an_earlier_version_changed_under_a_later_signature_is_a_change(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    inner = sign(photo, credential, actions=[action(source_type=CAPTURED)]).data
    outer = bytearray(sign(photo, credential, ingredients=[Parent(data=inner)]).data)
    outer[outer.find(b"digitalCapture")] ^= 1
    found = read(bytes(outer), trusted)
    assert (found.integrity, found.chain_ok) == (Integrity.INTACT, False)
    assert found.fault is StatusClass.CHANGED
