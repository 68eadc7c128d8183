"""Sign reports and verify them later, offline: a detached JWS over the canonical JSON.

The payload is the report by the JSON Canonicalization Scheme (RFC 8785), so that a report that was
pretty-printed or stored with other spacing still verifies. The signature is a compact JWS with
detached content (RFC 7515, appendix F) by Ed25519 (RFC 9864); the key id is the key's thumbprint
(RFC 7638).
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final, Self

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from service.errors import SignatureInvalid, SigningKeyInvalid
from service.reporting.report import Report

ALGORITHM: Final = "Ed25519"
TYPE: Final = "assay-report+jws"
MAX_SIGNATURE: Final = 2048


class ReportSigner:
    """Holds the private key of one installation."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key
        self.key_id = key.thumbprint()

    @classmethod
    def at(cls, path: Path) -> Self:
        """The key in a PEM file, which is made first when it is absent.

        Several processes may start at once: all of them end up with the same key. Raises
        `SigningKeyInvalid` when the file is there and is no Ed25519 private key.
        """
        if not path.exists():
            _create(path)
        try:
            key = OKPKey.import_key(path.read_bytes())
        except (JoseError, ValueError, OSError) as error:
            raise SigningKeyInvalid(f"{path.name} holds no Ed25519 private key") from error
        if key.curve_name != ALGORITHM or not key.is_private:
            raise SigningKeyInvalid(f"{path.name} holds no Ed25519 private key")
        return cls(key)

    def sign(self, report: Report) -> str:
        """A compact JWS with detached content."""
        header = {"alg": ALGORITHM, "kid": self.key_id, "typ": TYPE}
        payload = canonical(report.model_dump_json())
        token = jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])
        protected, _, mark = token.split(".")
        return f"{protected}..{mark}"

    def public(self) -> dict[str, Any]:
        """The public key as a JWK Set (RFC 7517), to be published."""
        key = self._key.as_dict(private=False)
        return {"keys": [{**key, "kid": self.key_id, "alg": ALGORITHM, "use": "sig"}]}


def canonical(untrusted_document: str | bytes) -> bytes:
    """The bytes that are signed: of the document as it is, whatever version of assay wrote it.

    Raises `SignatureInvalid` for what is not JSON, or has a member twice, which two readers may
    understand differently.
    """
    try:
        document = json.loads(untrusted_document, object_pairs_hook=_once)
        return rfc8785.dumps(document)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise SignatureInvalid(f"the report is not JSON that could be signed: {error}") from error


def verify(untrusted_document: str | bytes, untrusted_signature: str, keys: dict[str, Any]) -> str:
    """The id of the key that signed exactly this report. Raises `SignatureInvalid`."""
    if len(untrusted_signature) > MAX_SIGNATURE:
        raise SignatureInvalid("the signature is too long to be one")
    payload = canonical(untrusted_document)
    try:
        trusted = KeySet.import_key_set(keys)  # type: ignore[arg-type]
        token = jws.deserialize_compact(
            untrusted_signature.strip(), trusted, algorithms=[ALGORITHM], payload=payload
        )
    except (JoseError, ValueError) as error:
        raise SignatureInvalid(f"the signature does not fit this report: {error}") from error
    return str(token.headers().get("kid", ""))


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member stands there twice")
    return found


def _create(path: Path) -> None:
    """Write a new key beside the path and link it there: the first process wins, whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(OKPKey.generate_key(ALGORITHM).as_pem(private=True))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
