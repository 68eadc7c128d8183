"""Sign: reports with a detached JWS (Ed25519), media with Content Credentials."""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from pydantic import Field

from provenance.errors import SignatureInvalid, SigningRefused
from provenance.prescan import may_hold_credentials
from provenance.result import Closed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_MAX_HEADER: Final = 1024
_CREATED: Final = "c2pa.created"
_TRAINING: Final = ("ai_training", "ai_generative_training", "data_mining", "ai_inference")
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384"}
_PARENT: Final = {"title": "before", "relationship": "parentOf", "instance_id": "xmp:iid:before"}


class PublicKey(Closed):
    """An Ed25519 public key as a JSON Web Key (RFC 8037), fit for `/.well-known/`."""

    kty: str = "OKP"
    crv: str = "Ed25519"
    use: str = "sig"
    alg: str = "EdDSA"
    kid: str
    x: str  # base64url, 32 bytes


class ReportKey:
    """The key that signs reports. Its identifier is its thumbprint (RFC 7638), so it is stable."""

    def __init__(self, private: "Ed25519PrivateKey") -> None:
        self._private = private

    @classmethod
    def generate(cls) -> Self:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a PEM file. Raises SigningRefused if it holds no Ed25519 key, OSError if unread."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise SigningRefused(f"{path.name} holds no private key: {error}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningRefused(f"{path.name} holds no Ed25519 key")
        return cls(key)

    def save(self, path: Path) -> None:
        """Write a new PEM file that only its owner can read; an existing file is never replaced."""
        from cryptography.hazmat.primitives import serialization

        pem = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)

    @property
    def public(self) -> PublicKey:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        raw = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = _encode(raw)
        return PublicKey(kid=_thumbprint(x), x=x)

    def sign(self, payload: bytes) -> str:
        """Return a detached JWS over exactly these bytes: header, nothing, signature."""
        header = {"alg": "EdDSA", "kid": self.public.kid}
        head = _encode(json.dumps(header, separators=(",", ":")).encode())
        signature = self._private.sign(f"{head}.{_encode(payload)}".encode())
        return f"{head}..{_encode(signature)}"


def verify(payload: bytes, signature: str, keys: Iterable[PublicKey]) -> PublicKey:
    """Return the key that signed these bytes, one of `keys`.

    Raises:
        SignatureInvalid: not a detached JWS, a key or algorithm that is not ours, other bytes.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    head, middle, tail = _split(signature)
    if middle:
        raise SignatureInvalid("the signature carries a payload of its own")
    header = _header(head)
    if header.keys() != {"alg", "kid"} or header["alg"] != "EdDSA":
        raise SignatureInvalid("the header asks for something that is not supported")
    key = next((key for key in keys if key.kid == header["kid"]), None)
    if key is None:
        raise SignatureInvalid("the signing key is not among the keys given")
    try:
        public = Ed25519PublicKey.from_public_bytes(_decode(key.x))
        public.verify(_decode(tail), f"{head}.{_encode(payload)}".encode())
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid("the report is not the one that was signed") from error
    return key


def _split(signature: str) -> tuple[str, str, str]:
    parts = signature.split(".")
    if len(parts) != 3 or len(parts[0]) > _MAX_HEADER:
        raise SignatureInvalid("not a detached JWS")
    return parts[0], parts[1], parts[2]


def _header(head: str) -> dict[str, Any]:
    try:
        header = json.loads(_decode(head))
    except (ValueError, RecursionError) as error:
        raise SignatureInvalid("the header cannot be read") from error
    if not isinstance(header, dict):
        raise SignatureInvalid("the header is no object")
    return header


def _thumbprint(x: str) -> str:
    members = {"crv": "Ed25519", "kty": "OKP", "x": x}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _encode(hashlib.sha256(canonical.encode()).digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureInvalid("not base64url") from error
    if _encode(raw) != text:
        raise SignatureInvalid("base64url with stray bits")
    return raw


class Statement(Closed):
    """What a signer says about a file: the little that a newsroom needs."""

    title: str = Field(max_length=200)
    action: str = Field(default=_CREATED, pattern=r"^c2pa\.[a-z_.]+$")
    source_type: str | None = Field(default=None, pattern=r"^[A-Za-z]+$")  # IPTC term
    software: str = "assay"
    training_allowed: bool | None = None

    def definition(self, parent: str | None = None) -> dict[str, Any]:
        """Return the manifest as the C2PA library takes it; `parent` is an ingredient's id."""
        actions: list[dict[str, Any]] = []
        if parent is not None:
            actions.append({"action": "c2pa.opened", "parameters": {"ingredientIds": [parent]}})
        if parent is None or self.action != _CREATED:
            actions.append({"action": self.action})
            if self.source_type is not None:
                actions[-1]["digitalSourceType"] = _SOURCE_TYPES + self.source_type
        assertions: list[Mapping[str, Any]] = [
            {"label": "c2pa.actions", "data": {"actions": actions}}
        ]
        if self.training_allowed is not None:
            use = "allowed" if self.training_allowed else "notAllowed"
            entries = {f"cawg.{purpose}": {"use": use} for purpose in _TRAINING}
            assertions.append({"label": "cawg.training-mining", "data": {"entries": entries}})
        return {
            "claim_generator_info": [{"name": self.software}],
            "claim_version": 2,
            "title": self.title,
            "assertions": assertions,
        }


def sign_media(
    source: BinaryIO,
    target: BinaryIO,
    statement: Statement,
    *,
    media_type: str,
    chain_pem: str,
    key_pem: str,
    timestamp_url: str | None = None,
) -> bytes:
    """Write a signed copy of a file and return its manifest store, for use as a sidecar.

    A file that bears credentials already becomes the parent of the signed copy. `chain_pem` is
    the certificate chain, leaf first, without the root. The key may be ES256, ES384 or Ed25519;
    its algorithm is read from it.

    Raises:
        SigningRefused: the key does not fit, or the library would not sign this container.
    """
    from provenance import c2pa

    parent = _PARENT if may_hold_credentials(source, media_type) else None
    source.seek(0)
    return c2pa.sign(
        source,
        target,
        statement.definition(parent["instance_id"] if parent else None),
        media_type=media_type,
        algorithm=_algorithm(key_pem),
        chain_pem=chain_pem,
        key_pem=key_pem,
        timestamp_url=timestamp_url,
        parent=parent,
    )


def _algorithm(key_pem: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(key_pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise SigningRefused(f"no private key: {error}") from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise SigningRefused("the key is neither P-256, P-384 nor Ed25519")
