"""Have provenance read in another process: the caller of the handler in `provenance.child`.

The trust lists are half a megabyte and change once a month, so they are not sent with every file:
a request names them by fingerprint, and a child that does not have them yet asks for them. This
module stays light: it loads neither the C2PA library nor any cryptography.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pydantic import ValidationError

from provenance.bounded import clean
from provenance.errors import NoManifestStore, RequestInvalid
from provenance.result import Provenance, SecondOpinion
from provenance.trust import NO_TRUST, TrustSnapshot

Send = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Carries one request to a child together with the file, and brings its answer back."""

SECOND_VERIFIER: Final = "encypher-c2pa"
"""The distribution that gives second opinions."""

NEEDS_TRUST: Final = {"needs_trust": True}
"""The whole answer of a child that does not have the trust lists named in the request."""

NO_STORE: Final = "no_store"
"""Key of a child's answer that says why there is no crJSON."""


def read_through(
    send: Send,
    *,
    media_type: str,
    snapshot: TrustSnapshot = NO_TRUST,
    at: datetime | None = None,
    manifest: bytes | None = None,
    remote_url: str = "",
    parts: Sequence[int] = (),
) -> Provenance:
    """Have a child read a file; `send` may reach a different child each time it is called.

    `parts` are the sizes of the initialisation segment and the fragments that were joined to make
    the file; see `Reader.read` for the rest.

    Raises:
        RequestInvalid: the child's answer is not provenance.
    """
    request = _request(media_type, snapshot, manifest, parts)
    if at is not None:
        request["at"] = at.isoformat()
    if manifest is not None:
        request["remote_url"] = remote_url
    return answer_in(_sent(send, request, snapshot))


def crjson_through(
    send: Send,
    *,
    media_type: str,
    snapshot: TrustSnapshot = NO_TRUST,
    manifest: bytes | None = None,
    parts: Sequence[int] = (),
) -> dict[str, Any]:
    """Have a child write a file's manifest store as crJSON; see `Reader.crjson`.

    Raises:
        NoManifestStore: the child says why there is none.
        RequestInvalid: the child's answer is not crJSON.
    """
    request = {**_request(media_type, snapshot, manifest, parts), "crjson": True}
    untrusted = _sent(send, request, snapshot)
    if NO_STORE in untrusted:
        raise NoManifestStore(clean(untrusted[NO_STORE]))
    try:
        document = json.loads(untrusted["crjson"])
        if isinstance(document["manifests"], list):
            return dict(document)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise RequestInvalid("the child's answer is not crJSON") from error
    raise RequestInvalid("the child's answer is not crJSON")


def _request(
    media_type: str, snapshot: TrustSnapshot, manifest: bytes | None, parts: Sequence[int]
) -> dict[str, Any]:
    request: dict[str, Any] = request_for(media_type, snapshot)
    if manifest is not None:
        request["manifest"] = base64.b64encode(manifest).decode()
    if parts:
        request["parts"] = list(parts)
    return request


def _sent(send: Send, request: Mapping[str, Any], snapshot: TrustSnapshot) -> Mapping[str, Any]:
    untrusted = send(request)
    if untrusted == NEEDS_TRUST:
        untrusted = send({**request, "snapshot": snapshot.model_dump(mode="json")})
    return untrusted


def request_for(media_type: str, snapshot: TrustSnapshot) -> dict[str, Any]:
    """Ask about a file and nothing beside it, under lists that the child should have."""
    return {"media_type": media_type, "trust": snapshot.fingerprint}


def answer_in(untrusted: Mapping[str, Any]) -> Provenance:
    """Read a child's answer. Raises RequestInvalid if it is not provenance."""
    try:
        return Provenance.model_validate_json(untrusted["provenance"])
    except (KeyError, ValidationError) as error:
        raise RequestInvalid("the child's answer is not provenance") from error


def can_ask_twice() -> bool:
    """Whether the second verifier, an optional extra, is installed; it is not imported for that."""
    try:
        version(SECOND_VERIFIER)
    except PackageNotFoundError:
        return False
    return True


def opinion_through(send: Send, *, media_type: str, manifest: bytes | None = None) -> SecondOpinion:
    """Have a child that serves `provenance.second` verify a file once more.

    Raises:
        RequestInvalid: the child's answer is not an opinion.
    """
    request: dict[str, Any] = {"media_type": media_type}
    if manifest is not None:
        request["manifest"] = base64.b64encode(manifest).decode()
    untrusted = send(request)
    try:
        return SecondOpinion.model_validate(untrusted["opinion"])
    except (KeyError, ValidationError) as error:
        raise RequestInvalid("the child's answer is not an opinion") from error
