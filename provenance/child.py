"""The handler that reads provenance inside a sandboxed child; `provenance.client` is its caller."""

import base64
import binascii
import codecs
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.backends import openssl
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import ValidationError

from provenance import c2pa
from provenance.client import NEEDS_TRUST, NO_STORE
from provenance.errors import NoManifestStore, RequestInvalid
from provenance.parts import split
from provenance.read import Reader
from provenance.trust import NO_TRUST, TrustSnapshot

ENCODINGS: Final = tuple(
    codecs.lookup(name)
    for name in (
        *("utf-8", "latin-1", "cp437", "iso2022_jp"),
        *("utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
    )
)
"""Every encoding that metadata is read in; Python loads one from a file when it is first named."""

PRELOADED: Final = (c2pa, x509, openssl, ec, padding, rsa, ExtendedKeyUsageOID)
"""What reading imports when it is first needed; a child may be forbidden to open files by then."""


@lru_cache(maxsize=1)
def _readers() -> dict[str, Reader]:
    """Return this process's readers by trust fingerprint; one is kept beside that without lists."""
    return {NO_TRUST.fingerprint: Reader()}


def handle(
    request: Mapping[str, Any], file: BinaryIO | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Answer one request inside the child: JSON in and out, no arrays.

    Raises:
        RequestInvalid: the request is not one that `read_through` makes.
    """
    try:
        reader = _reader(request)
        if reader is None:
            return NEEDS_TRUST, {}
        if file is None:
            raise RequestInvalid("no file came with the request")
        at, manifest = request.get("at"), request.get("manifest")
        first, *fragments = split(file, request["parts"]) if request.get("parts") else [file]
        media_type = str(request["media_type"])
        store = base64.b64decode(manifest, validate=True) if manifest else None
        if request.get("crjson"):
            return _crjson(reader, first, media_type, store, fragments), {}
        found = reader.read(
            first,
            media_type=media_type,
            at=datetime.fromisoformat(at) if at else None,
            manifest=store,
            remote_url=str(request.get("remote_url", "")),
            fragments=fragments,
        )
    except (KeyError, TypeError, ValidationError, binascii.Error) as error:
        raise RequestInvalid(f"{type(error).__name__}: {error}") from error
    return {"provenance": found.model_dump_json()}, {}


def _crjson(
    reader: Reader,
    file: BinaryIO,
    media_type: str,
    manifest: bytes | None,
    fragments: Sequence[BinaryIO],
) -> Mapping[str, Any]:
    try:
        text = reader.crjson(file, media_type=media_type, manifest=manifest, fragments=fragments)
    except NoManifestStore as error:
        return {NO_STORE: str(error)}
    return {"crjson": text}


def _reader(request: Mapping[str, Any]) -> Reader | None:
    fingerprint = str(request["trust"])
    known = _readers()
    if fingerprint not in known and request.get("snapshot"):
        snapshot = TrustSnapshot.model_validate(request["snapshot"])
        if snapshot.fingerprint != fingerprint:
            raise RequestInvalid("the snapshot is not the one named")
        for outdated in known.keys() - {NO_TRUST.fingerprint}:
            del known[outdated]
        known[fingerprint] = Reader(snapshot)
    return known.get(fingerprint)
