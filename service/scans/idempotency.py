"""Idempotency keys: a request that is sent again makes no second scan or batch.

The header is that of the IETF draft httpapi-idempotency-key-header.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.idempotency import Claim, Completed, IdempotencyRows, KeyTaken, complete
from service.scans.refusals import IdempotencyKeyInUse, IdempotencyKeyInvalid, IdempotencyKeyReused

_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE: Final = re.compile(r"[!#-+\--:<-\[\]-~]*")  # visible ASCII without " , ; and backslash
_LENGTH: Final = 255

KEY: Final = rf'^("([ !#-\[\]-~]|\\["\\]){{1,{_LENGTH}}}"|[!#-+\--:<-\[\]-~]{{1,{_LENGTH}}})$'
"""Pattern of the header."""


def key_in(untrusted_values: list[str]) -> str | None:
    """The key of a request by its header fields, None without one. Raises `IdempotencyKeyInvalid`.

    The draft has a quoted string; what many clients send without quotes is the same key.
    """
    if not untrusted_values:
        return None
    if len(untrusted_values) > 1:
        raise IdempotencyKeyInvalid("more than one Idempotency-Key was sent")
    value = untrusted_values[0].strip()
    quoted = _QUOTED.fullmatch(value)
    if quoted is None and not _BARE.fullmatch(value):
        raise IdempotencyKeyInvalid(
            "a key is printable ASCII, in double quotes if it has spaces, commas or semicolons"
        )
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted is not None else value
    if not 1 <= len(key) <= _LENGTH:
        raise IdempotencyKeyInvalid(f"a key has 1 to {_LENGTH} characters")
    return key


def fingerprint_of(fields: Mapping[str, object]) -> str:
    """What makes two requests the same: every field, and of a file its sha256."""
    text = json.dumps(fields, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Pledge:
    """A claimed key and the request that is to complete it."""

    claim: Claim
    fingerprint: str

    def complete(self, session: Session, made: str) -> None:
        """Part of the transaction that writes what was asked for. Raises `KeyTaken`."""
        complete(session, self.claim, self.fingerprint, made)


class Keys:
    """The keys of one tenant."""

    def __init__(
        self, database: Database, tenant: str, keep: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._rows = IdempotencyRows(database)
        self._tenant = tenant
        self._keep = keep
        self._now = now

    def claim(self, key: str) -> Claim | Completed:
        """Claim a key, or learn what it became. Raises `IdempotencyKeyInUse`."""
        found = self._rows.claim(self._tenant, key, self._now(), self._keep)
        if found is None:
            raise IdempotencyKeyInUse("the first request with this key has not been answered yet")
        return found

    def release(self, claim: Claim) -> None:
        """The request made nothing."""
        self._rows.release(claim)

    def winner(self, taken: KeyTaken, fingerprint: str) -> str:
        """What a request that was sooner made. Raises `IdempotencyKeyInUse` and `same`'s."""
        found = self._rows.completed(taken.claim)
        if found is None:
            raise IdempotencyKeyInUse("another request took this key over")
        return same(found, fingerprint)


def same(completed: Completed, fingerprint: str) -> str:
    """What a key became, for a request that is the one it was made for.

    Raises `IdempotencyKeyReused` for any other.
    """
    if completed.fingerprint != fingerprint:
        raise IdempotencyKeyReused("the first request with this key had other content or fields")
    return completed.made
