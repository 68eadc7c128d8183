"""Provenance across a process boundary: the handler for the sandboxed child and the parent's call.

The trust lists are half a megabyte and change once a month, so they are not sent with every file:
a request names them by fingerprint, and a child that does not have them yet asks for them.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from provenance.errors import RequestInvalid
from provenance.read import Reader
from provenance.result import Provenance
from provenance.trust import NO_TRUST, TrustSnapshot

Send = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Carries one request to a child together with the file, and brings its answer back."""

_NEEDS_TRUST: Final = {"needs_trust": True}


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
            return _NEEDS_TRUST, {}
        if file is None:
            raise RequestInvalid("no file came with the request")
        at, manifest = request.get("at"), request.get("manifest")
        found = reader.read(
            file,
            media_type=str(request["media_type"]),
            at=datetime.fromisoformat(at) if at else None,
            manifest=base64.b64decode(manifest, validate=True) if manifest else None,
        )
    except (KeyError, TypeError, ValidationError, binascii.Error) as error:
        raise RequestInvalid(f"{type(error).__name__}: {error}") from error
    return {"provenance": found.model_dump(mode="json")}, {}


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


def read_through(
    send: Send,
    *,
    media_type: str,
    snapshot: TrustSnapshot = NO_TRUST,
    at: datetime | None = None,
    manifest: bytes | None = None,
) -> Provenance:
    """Have a child read a file; `send` may reach a different child each time it is called.

    Raises:
        RequestInvalid: the child's answer is not provenance.
    """
    request: dict[str, Any] = {"media_type": media_type, "trust": snapshot.fingerprint}
    if at is not None:
        request["at"] = at.isoformat()
    if manifest is not None:
        request["manifest"] = base64.b64encode(manifest).decode()
    untrusted = send(request)
    if untrusted == _NEEDS_TRUST:
        untrusted = send({**request, "snapshot": snapshot.model_dump(mode="json")})
    try:
        return Provenance.model_validate(untrusted["provenance"])
    except (KeyError, ValidationError) as error:
        raise RequestInvalid(f"the child's answer is not provenance: {error}") from error
