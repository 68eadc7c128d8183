"""Signing: reports with a detached JWS, media with Content Credentials."""

import base64
import io
import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provenance.errors import SignatureInvalid, SigningRefused
from provenance.result import Integrity, Origin, SignerTrust, TrustKind
from provenance.sign import PublicKey, ReportKey, Statement, sign_media, verify
from tests.provenance.conftest import Read
from tests.signing import Credential

REPORT = b'{"verdict": "no_sign_found"}'


@pytest.fixture(scope="module")
def key() -> ReportKey:
    return ReportKey.generate()


def test_a_report_is_verified_by_the_public_key_alone(key: ReportKey) -> None:
    published = PublicKey.model_validate_json(key.public.model_dump_json())
    signature = key.sign(REPORT)
    assert signature.count(".") == 2
    assert signature.split(".")[1] == ""
    assert verify(REPORT, signature, [ReportKey.generate().public, published]) == published


def test_a_changed_report_or_signature_is_refused(key: ReportKey) -> None:
    signature = key.sign(REPORT)
    head, _, tail = signature.split(".")
    other_head = ReportKey.generate().sign(REPORT).split(".")[0]
    flipped = ("A" if tail[0] != "A" else "B") + tail[1:]
    for payload, changed in (
        (REPORT + b" ", signature),
        (REPORT, f"{head}..{flipped}"),
        (REPORT, f"{head}.{head}.{tail}"),
        (REPORT, f"{other_head}..{tail}"),
        (REPORT, f"{head}..{tail}="),
        (REPORT, f"{head}..{tail[:-4]}"),
        (REPORT, f"..{tail}"),
        (REPORT, "nonsense"),
        (REPORT, "x" * 5000 + ".." + tail),
    ):
        with pytest.raises(SignatureInvalid):
            verify(payload, changed, [key.public])


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256", "kid": "x"}, [], {"alg": "EdDSA"}]
)
def test_a_header_that_asks_for_another_algorithm_is_refused(
    header: object, key: ReportKey
) -> None:
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    with pytest.raises(SignatureInvalid):
        verify(REPORT, f"{head}..{key.sign(REPORT).split('.')[2]}", [key.public])


def test_a_key_is_kept_private_and_never_replaced(key: ReportKey, tmp_path: Path) -> None:
    path = tmp_path / "report.pem"
    key.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ReportKey.load(path).public == key.public
    with pytest.raises(FileExistsError):
        ReportKey.generate().save(path)


def test_a_file_that_holds_another_key_is_refused(tmp_path: Path, credential: Credential) -> None:
    path = tmp_path / "other.pem"
    for content in ("no key", credential.key_pem):
        path.write_text(content)
        with pytest.raises(SigningRefused):
            ReportKey.load(path)


def test_a_signed_copy_says_what_was_stated(
    read: Read, credential: Credential, photo: bytes, trusted: tuple[TrustKind, str]
) -> None:
    statement = Statement(title="Bridge", source_type="digitalCapture", training_allowed=False)
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
        Statement(title="first", source_type="digitalCapture"),
        Statement(title="second", action="c2pa.color_adjustments"),
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
                Statement(title="x", source_type="digitalCapture"),
                media_type=media_type,
                chain_pem=credential.chain_pem,
                key_pem=key_pem,
            )
