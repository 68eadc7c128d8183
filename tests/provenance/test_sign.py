"""Signing media with Content Credentials."""

import io

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provenance.errors import SigningRefused
from provenance.result import Integrity, Origin, SignerTrust, TrustKind
from provenance.sign import Statement, sign_media
from provenance.vocabulary import SignedAction, SourceType
from tests.provenance.conftest import Read
from tests.signing import Credential


def test_a_signed_copy_says_what_was_stated(
    read: Read, credential: Credential, photo: bytes, trusted: tuple[TrustKind, str]
) -> None:
    statement = Statement(
        title="Bridge", source_type=SourceType.DIGITAL_CAPTURE, training_allowed=False
    )
    target = io.BytesIO()
    store = sign_media(
        io.BytesIO(photo),
        target,
        statement,
        media_type="image/jpeg",
        chain_pem=credential.chain_pem,
        key_pem=credential.key_pem,
    )
    found = read(target.getvalue(), trusted)
    assert store
    assert (found.integrity, found.origin) == (Integrity.INTACT, Origin.CAPTURED)
    assert found.signer is not None
    assert found.signer.trust is SignerTrust.TRUSTED
    assert found.manifests[0].title == "Bridge"
    assert {rule.use for rule in found.manifests[0].usage_rules} == {"notAllowed"}


def test_credentials_that_are_there_already_become_the_parent(
    read: Read, credential: Credential, photo: bytes, trusted: tuple[TrustKind, str]
) -> None:
    data = photo
    for statement in (
        Statement(title="first", source_type=SourceType.DIGITAL_CAPTURE),
        Statement(title="second", action=SignedAction.COLOR_ADJUSTMENTS),
    ):
        target = io.BytesIO()
        sign_media(
            io.BytesIO(data),
            target,
            statement,
            media_type="image/jpeg",
            chain_pem=credential.chain_pem,
            key_pem=credential.key_pem,
        )
        data = target.getvalue()
    found = read(data, trusted)
    assert found.chain_ok
    assert [manifest.title for manifest in found.manifests] == ["second", "first"]
    assert [a.name for a in found.manifests[0].actions] == ["c2pa.opened", "c2pa.color_adjustments"]
    assert (found.origin, found.origin_depth) == (Origin.CAPTURED, 1)


def test_a_key_or_container_that_does_not_fit_is_refused(
    credential: Credential, photo: bytes
) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for media_type, key_pem in (
        ("image/jpeg", weak.decode()),
        ("image/jpeg", "no key"),
        ("video/webm", credential.key_pem),
    ):
        with pytest.raises(SigningRefused):
            sign_media(
                io.BytesIO(photo),
                io.BytesIO(),
                Statement(title="x", source_type=SourceType.DIGITAL_CAPTURE),
                media_type=media_type,
                chain_pem=credential.chain_pem,
                key_pem=key_pem,
            )
