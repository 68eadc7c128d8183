"""What a recipient checks: that a report, or a webhook, was made by the assay it trusts."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from .errors import SignatureInvalid, WebhookInvalid

ALGORITHM: Final = "Ed25519"
MAX_SIGNATURE: Final = 2048
HANDOVER: Final = timedelta(days=1)
"""Between the retirement of a key and the last report that a process may have made with it."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far the clock of a webhook's sender may be from ours; older ones may be replays."""

WRITTEN: Final = "whsec_"


def canonical(untrusted_document: str | bytes) -> bytes:
    """The bytes that are signed (RFC 8785), whatever the spacing and order of the members here.

    Raises `SignatureInvalid` for what is not JSON, or has a member twice, which two readers may
    understand differently.
    """
    try:
        document = json.loads(untrusted_document, object_pairs_hook=_once)
        return rfc8785.dumps(document)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise SignatureInvalid(f"the report is not JSON that could be signed: {error}") from error


def keys_in(untrusted: object) -> list[Mapping[str, Any]]:
    """Those members of a JWK Set that are keys; others are left out, as RFC 7517 asks.

    Raises `ValueError` where there is none.
    """
    listed = untrusted.get("keys") if isinstance(untrusted, Mapping) else None
    if not isinstance(listed, list):
        raise ValueError('it has no list of "keys"')
    found = [item for item in listed if isinstance(item, Mapping) and _is_key(item)]
    if not found:
        raise ValueError("none of its members is a key that could verify a report")
    return found


def _is_key(item: Mapping[str, Any]) -> bool:
    try:
        OKPKey.import_key(dict(item)).public_key  # noqa: B018 (what it is made from may be no key)
    except (JoseError, LookupError, TypeError, ValueError):
        return False
    return item.get("crv") == ALGORITHM


def verify_report(
    untrusted_document: str | bytes, untrusted_signature: str, keys: Mapping[str, Any]
) -> str:
    """The id of the key that signed exactly this report; a retired key vouches for its time only.

    The signature is the detached JWS that `/v1/scans/{id}/signature` serves, `keys` the JWK Set of
    `/.well-known/assay-keys.json`, kept from a day when it was trusted. Raises `SignatureInvalid`.
    """
    if len(untrusted_signature) > MAX_SIGNATURE:
        raise SignatureInvalid("the signature is too long to be one")
    payload = canonical(untrusted_document)
    try:
        known = keys_in(keys)
        trusted = KeySet.import_key_set({"keys": [dict(key) for key in known]})
        token = jws.deserialize_compact(
            untrusted_signature.strip(), trusted, algorithms=[ALGORITHM], payload=payload
        )
    except (JoseError, LookupError, TypeError, ValueError) as error:
        reason = str(error).rstrip(": ").replace("_", " ")
        raise SignatureInvalid(f"the signature does not fit this report: {reason}") from error
    key_id = str(token.headers().get("kid", ""))
    _check_time(payload, next((key for key in known if key.get("kid") == key_id), {}))
    return key_id


def verify_webhook(
    untrusted_body: bytes,
    untrusted_headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The event in a webhook's body, once its signature and its time are right.

    `secrets` are those of the endpoint, `whsec_...`: two while one replaces the other. Method: the
    Standard Webhooks specification, HMAC-SHA256 over id, time stamp and body. The id stays the same
    when an event is delivered again: handle each once. Raises `WebhookInvalid`.
    """
    headers = {name.lower(): value for name, value in untrusted_headers.items()}
    try:
        message, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        offered = headers["webhook-signature"].split()
        sent = int(stamp)
    except (KeyError, ValueError) as error:
        raise WebhookInvalid("a webhook header is missing or damaged") from error
    clock = time.time() if now is None else now.timestamp()
    if abs(clock - sent) > TOLERANCE.total_seconds():
        raise WebhookInvalid("the webhook was sent too long ago, or one of the clocks is wrong")
    signed = b".".join((message.encode(), stamp.encode(), untrusted_body))
    known = [secrets] if isinstance(secrets, str) else list(secrets)
    expected = [f"v1,{_mark(secret, signed)}" for secret in known]
    if not any(
        hmac.compare_digest(one.encode(), right.encode()) for one in offered for right in expected
    ):
        raise WebhookInvalid("the webhook's signature is not by this secret")
    event = json.loads(untrusted_body)
    if not isinstance(event, dict):
        raise WebhookInvalid("the webhook's body is not an event")
    return event


def _mark(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(WRITTEN), validate=True)
    except binascii.Error as error:
        raise WebhookInvalid("the secret is not one of a webhook endpoint") from error
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _check_time(payload: bytes, key: Mapping[str, Any]) -> None:
    """`payload` is a report, or the receipt of a deletion."""
    if "exp" not in key:
        return
    document = json.loads(payload)
    try:
        made = datetime.fromisoformat(document.get("analysed_at") or document["removed_at"])
        retired = datetime.fromtimestamp(float(key["exp"]), UTC)
        late = made > retired + HANDOVER
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise SignatureInvalid(
            "the key was retired, and it is not known when this was made"
        ) from error
    if late:
        raise SignatureInvalid("the key was retired before this report was made")


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member stands there twice")
    return found
