"""A second opinion on integrity, by an independent C2PA verifier, in a sandboxed child of its own.

The verifier, encypher-c2pa, shares no code with the C2PA library that `provenance.c2pa` uses. It is
an optional extra. `handle` runs inside the child, so that whatever it does to a file costs the
second opinion and nothing else; `provenance.client.opinion_through` is its caller. Trust is not asked about: that is
decided by the operator's lists alone.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any, BinaryIO, Final

from provenance.bounded import clean
from provenance.client import SECOND_VERIFIER
from provenance.errors import RequestInvalid
from provenance.result import EngineVersion, Integrity, SecondOpinion
from provenance.statuses import StatusClass, status_of

os.environ.update({"ENCYPHER_C2PA_ONLINE": "off", "ENCYPHER_C2PA_TELEMETRY": "off"})
_verify: Final = import_module("encypher_c2pa").verify
_ENGINE: Final = EngineVersion(name=SECOND_VERIFIER, version=version(SECOND_VERIFIER))

MAX_BYTES: Final = 256 * 1024**2
"""The verifier wants the whole file in memory; larger ones get no second opinion."""

_MAX_CODES: Final = 10


def handle(
    request: Mapping[str, Any], file: BinaryIO | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Answer one request inside the child: JSON in and out, no arrays.

    Raises:
        RequestInvalid: the request is not one that `opinion_through` makes.
    """
    if file is None:
        raise RequestInvalid("no file came with the request")
    try:
        manifest = request.get("manifest")
        store = base64.b64decode(manifest, validate=True) if manifest else None
        media_type = str(request["media_type"])
    except (KeyError, TypeError, binascii.Error) as error:
        raise RequestInvalid(f"{type(error).__name__}: {error}") from error
    return {"opinion": opinion_on(file, media_type, store).model_dump(mode="json")}, {}


def opinion_on(file: BinaryIO, media_type: str, manifest: bytes | None = None) -> SecondOpinion:
    """What the verifier makes of a seekable file. Never raises for what is in the file."""
    file.seek(0)
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return _opinion(None, "too_large")
    try:
        report = _verify(
            data, media_type, manifest_store=manifest, no_default_trust=True, online=False
        )
    except (ValueError, RuntimeError) as error:
        return _opinion(None, str(error).partition(":")[0])
    return _judged(report)


def _judged(report: Mapping[str, Any]) -> SecondOpinion:
    """Reduce the verifier's report to our words for integrity."""
    failures = [entry["code"] for entry in report["validation_results"]["failure"]]
    shown = {status_of(clean(code))[0] for code in failures}
    if report["integrity"] == "valid":
        return _opinion(Integrity.INTACT)
    if report["signature"] == "invalid":
        return _opinion(Integrity.SIGNATURE_BAD, *failures)
    if report["hard_binding"] == "mismatch":
        return _opinion(Integrity.ASSET_MISMATCH, *failures)
    if StatusClass.CHANGED in shown:
        return _opinion(Integrity.MANIFEST_ALTERED, *failures)
    if StatusClass.MALFORMED in shown:
        return _opinion(Integrity.MALFORMED, *failures)
    if StatusClass.NOT_COVERED in shown:
        return _opinion(Integrity.NOT_COVERED, *failures)
    return _opinion(None, *(failures or ["nothing_verified"]))


def _opinion(integrity: Integrity | None, *codes: str) -> SecondOpinion:
    return SecondOpinion(
        engine=_ENGINE,
        integrity=integrity,
        codes=tuple(clean(code, 120) for code in dict.fromkeys(codes))[:_MAX_CODES],
    )
