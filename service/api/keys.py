"""GET /.well-known/assay-keys.json: the public keys that this installation signs reports with."""

from typing import Any

from fastapi import APIRouter

from service.api.access import PUBLIC, TheInstallation

router = APIRouter(tags=["keys"], dependencies=[PUBLIC])


@router.get("/.well-known/assay-keys.json")
def read_keys(scans: TheInstallation) -> dict[str, Any]:
    """A JWK Set (RFC 7517) to verify report signatures with, now or years later."""
    return scans.public_keys()
