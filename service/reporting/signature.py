"""Sign reports and verify them later, offline: a detached JWS over the canonical JSON.

The payload is the report by the JSON Canonicalization Scheme (RFC 8785), so that a report that was
pretty-printed or stored with other spacing still verifies. The signature is a compact JWS with
detached content (RFC 7515, appendix F) by Ed25519 (RFC 9864); the key id is the key's thumbprint
(RFC 7638).
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from service.client import errors, verification
from service.client.verification import ALGORITHM
from service.errors import SignatureInvalid, SigningKeyInvalid
from service.key_files import write_once
from service.reporting.published_keys import Keys, remember
from service.reporting.report import Report

TYPE: Final = "assay-report+jws"

Written = tuple[int, int, int]
"""When a key's file was written (ns), its inode and size."""

log = logging.getLogger(__name__)


class ReportSigner:
    """Holds the private key of one installation."""

    def __init__(self, key: OKPKey, record: Path | None = None) -> None:
        self._key = key
        self._published: Keys = [_published(key)]
        if record is not None:
            self._published = remember(record, _published(key), int(time.time()))
        self._record = record
        self._path: Path | None = None
        self._written: Written | None = None

    @property
    def key_id(self) -> str:
        """The thumbprint of the key that signs."""
        return self._key.thumbprint()

    @classmethod
    def at(cls, path: Path, record: Path | None = None) -> Self:
        """The key in a PEM file, which is made first when it is absent.

        `record` keeps the public keys that were used before, so that they stay published.

        Several processes may start at once: all of them end up with the same key. Raises
        `SigningKeyInvalid` when the file is there and is no Ed25519 private key.
        """
        if not path.exists():
            _create(path)
        written = _written(path)
        try:
            signer = cls(_read(path), record)
        except ValueError as error:
            raise SigningKeyInvalid("the record of published keys is damaged") from error
        signer._path, signer._written = path, written
        return signer

    def _pick_up(self) -> None:
        """Use the key that is in the file now, if it was replaced since; keep this one otherwise.

        A key that cannot be read does not stop the service: it signs with the one it has.
        """
        if self._path is None:
            return
        try:
            written = _written(self._path)
            if written == self._written:
                return
            fresh = type(self)(_read(self._path), self._record)
        except (OSError, ValueError, SigningKeyInvalid) as error:
            log.error("the replaced signing key cannot be used: %s", error)
            return
        self._key, self._published, self._written = fresh._key, fresh._published, written

    def sign(self, report: Report) -> str:
        """A compact JWS with detached content."""
        return self.sign_text(report.model_dump_json(), TYPE)

    def sign_text(self, document: str, kind: str) -> str:
        """The same over another JSON document of the service; `kind` is its `typ`."""
        self._pick_up()
        key = self._key
        header = {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": kind}
        token = jws.serialize_compact(header, canonical(document), key, algorithms=[ALGORITHM])
        protected, _, mark = token.split(".")
        return f"{protected}..{mark}"

    def public(self) -> dict[str, Any]:
        """The public keys as a JWK Set (RFC 7517), to be published: this one, then retired ones."""
        self._pick_up()
        return {"keys": self._published}


def _published(key: OKPKey) -> dict[str, Any]:
    public = key.as_dict(private=False)
    return {**public, "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


def _written(path: Path) -> Written:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(path: Path) -> OKPKey:
    try:
        key = OKPKey.import_key(path.read_bytes())
    except (JoseError, ValueError, OSError) as error:
        raise SigningKeyInvalid(f"{path.name} holds no Ed25519 private key") from error
    if key.curve_name != ALGORITHM or not key.is_private:
        raise SigningKeyInvalid(f"{path.name} holds no Ed25519 private key")
    return key


def canonical(untrusted_document: str | bytes) -> bytes:
    """The bytes that are signed: of the document as it is, whatever version of assay wrote it.

    Raises `SignatureInvalid`.
    """
    with _ours():
        return verification.canonical(untrusted_document)


def verify(untrusted_document: str | bytes, untrusted_signature: str, keys: dict[str, Any]) -> str:
    """The id of the key that signed exactly this report. Raises `SignatureInvalid`."""
    with _ours():
        return verification.verify_report(untrusted_document, untrusted_signature, keys)


@contextmanager
def _ours() -> Iterator[None]:
    """Recipients verify with the client's code; its error becomes the service's."""
    try:
        yield
    except errors.SignatureInvalid as error:
        raise SignatureInvalid(str(error)) from error


def replace_key(path: Path) -> None:
    """Put a new key in the place of the one there. Raises `OSError`."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    _create(fresh)
    fresh.replace(path)


def _create(path: Path) -> None:
    """The first process wins, whole."""
    write_once(path, OKPKey.generate_key(ALGORITHM).as_pem(private=True))
