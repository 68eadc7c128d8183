"""The handler that takes the little pictures out of a file's manifests, inside a sandboxed child.

They are as the signer put them in: pictures of the file as it was signed and of what it was made from.
Nothing is decoded here.
"""

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, BinaryIO, Final

from provenance import c2pa
from provenance.bounded import clean
from provenance.child import PRELOADED
from provenance.errors import NoManifestStore, RequestInvalid
from provenance.trust import NO_TRUST

LOADED: Final = PRELOADED
"""What reading imports when it is first needed; no file can be opened any more by then."""

MOST: Final = 12
LARGEST: Final = 512 * 1024
"""Bytes of one picture; larger ones are left out."""


@lru_cache(maxsize=1)
def _library() -> c2pa.Library:
    return c2pa.Library(NO_TRUST)


def handle(
    request: Mapping[str, Any], file: BinaryIO | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Thumbnails in base64, the active manifest's first. Raises `NoManifestStore`."""
    if file is None:
        raise RequestInvalid("no file came with the request")
    asset = c2pa.Asset(file=file, media_type=str(request.get("media_type", "")))
    found = _library().thumbnails(asset, MOST)
    if isinstance(found, c2pa.Refused):
        raise NoManifestStore(clean(found.message))
    return {
        "thumbnails": [
            {"manifest": label, "name": name, "data": base64.b64encode(data).decode()}
            for label, name, data in found
            if len(data) <= LARGEST
        ]
    }, {}
