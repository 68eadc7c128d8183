"""The handler that takes one little picture out of a file's manifests, inside a sandboxed child.

It is as the signer put it in: a picture of the file as it was signed, or of something that it was made
from. Nothing is decoded here.
"""

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, BinaryIO, Final

from provenance import c2pa
from provenance.bounded import clean
from provenance.child import PRELOADED
from provenance.codes import mapping
from provenance.errors import NoManifestStore, RequestInvalid
from provenance.manifests import assertions_of, in_order
from provenance.read import ALIASES
from provenance.trust import NO_TRUST

LOADED: Final = PRELOADED
"""What reading imports when it is first needed; no file can be opened any more by then."""

LARGEST: Final = 2 * 1024**2
"""Bytes of one picture; a larger one is not handed out."""

_JUMBF: Final = "self#jumbf="


@lru_cache(maxsize=1)
def _library() -> c2pa.Library:
    return c2pa.Library(NO_TRUST)


def handle(
    request: Mapping[str, Any], file: BinaryIO | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """One picture in base64, empty where there is none to read.

    The request names the manifest by its place in `Provenance.manifests` and, where the picture is
    of an ingredient, that by its place in `Manifest.ingredients`. `store` holds a manifest store that
    lay outside the file, in base64. Raises `NoManifestStore`, `RequestInvalid`.
    """
    if file is None:
        raise RequestInvalid("no file came with the request")
    media_type = str(request.get("media_type", ""))
    manifest, ingredient = int(request["manifest"]), request.get("ingredient")
    try:
        store = base64.b64decode(request["store"], validate=True) if request.get("store") else None
    except (TypeError, binascii.Error) as error:
        raise RequestInvalid("the store is not base64") from error
    found = _library().resource(
        c2pa.Asset(file=file, media_type=ALIASES.get(media_type, media_type), manifest=store),
        lambda document: address_in(document, manifest, ingredient),
    )
    if isinstance(found, c2pa.Refused):
        raise NoManifestStore(clean(found.message))
    return {"data": base64.b64encode(found if len(found) <= LARGEST else b"").decode()}, {}


def address_in(document: Mapping[str, Any], manifest: int, ingredient: int | None) -> str:
    """Where in the store that picture lies; empty where the document names none."""
    entry = dict(enumerate(in_order(document))).get(manifest)
    if entry is None:
        return ""
    raw, _depth = entry
    if ingredient is None:
        pictures = (
            told.get("identifier") for _, told in assertions_of(raw, "c2pa.thumbnail.claim")
        )
        return _text(next(pictures, ""))
    parts = dict(enumerate(assertions_of(raw, "c2pa.ingredient")))
    _name, part = parts.get(ingredient, ("", {}))
    named = mapping(part.get("thumbnail"))
    address = _text(named.get("url")) or _text(named.get("identifier"))
    inside = address.removeprefix(_JUMBF)
    if not inside or inside.startswith("/"):
        return address
    return f"{_JUMBF}/c2pa/{raw.get('label')}/{inside}"


def _text(untrusted: object) -> str:
    return untrusted if isinstance(untrusted, str) else ""
