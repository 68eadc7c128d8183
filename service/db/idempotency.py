"""The statements about idempotency keys: of any number of requests with one key, one makes something."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.idempotency_tables import IdempotencyRow

UNDER_WAY: Final = timedelta(seconds=30)
"""A claim that is older than this may be a killed process's, so the next request takes it over.

Were the first one alive after all, both would try to complete the key, and one of them can."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request alone may complete, as long as nobody took it over."""

    tenant: str
    key: str
    token: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A key that already became a scan or a batch, and the fingerprint of the request that did."""

    fingerprint: str
    made: str


class KeyTaken(Exception):
    """Another request completed the key, or took it over. Nothing of the transaction stays."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim.key)
        self.claim = claim


class IdempotencyRows:
    """Keys of clients, each in its tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self, tenant: str, key: str, now: datetime, keep: timedelta
    ) -> Claim | Completed | None:
        """Claim a key, or learn what became of it; None while another request holds it."""
        claim = Claim(tenant, key, secrets.token_hex(16))
        try:
            with self._database.write() as session:
                if _take_over(session, claim, now, keep):
                    return claim
                row = session.get(IdempotencyRow, (tenant, key))
                if row is not None:
                    return _completed(row)
                session.add(
                    IdempotencyRow(
                        tenant=tenant,
                        key=key,
                        token=claim.token,
                        claimed_at=now,
                        expires_at=now + keep,
                    )
                )
        except IntegrityError:
            return None
        return claim

    def completed(self, claim: Claim) -> Completed | None:
        """What became of a key that this request lost; None: another one is still at it."""
        with self._database.read() as session:
            row = session.get(IdempotencyRow, (claim.tenant, claim.key))
            return None if row is None else _completed(row)

    def release(self, claim: Claim) -> None:
        """The request made nothing; the next one with its key may."""
        with self._database.write() as session:
            session.execute(
                delete(IdempotencyRow).where(*_mine(claim), IdempotencyRow.made.is_(None))
            )

    def sweep(self, now: datetime) -> int:
        """Forget keys past their time."""
        with self._database.write() as session:
            gone = delete(IdempotencyRow).where(IdempotencyRow.expires_at < now)
            return session.connection().execute(gone).rowcount


def complete(session: Session, claim: Claim, fingerprint: str, made: str) -> None:
    """Name what a key became, in the transaction that writes it. Raises `KeyTaken`."""
    statement = (
        update(IdempotencyRow)
        .where(*_mine(claim), IdempotencyRow.made.is_(None))
        .values(fingerprint=fingerprint, made=made)
    )
    if not session.connection().execute(statement).rowcount:
        raise KeyTaken(claim)


def _take_over(session: Session, claim: Claim, now: datetime, keep: timedelta) -> bool:
    """A key past its time is a new one; so is one whose request seems to have died."""
    claimed = IdempotencyRow.claimed_at
    stale = or_(claimed < now - UNDER_WAY, claimed > now + UNDER_WAY)  # the clock was set back
    free = or_(IdempotencyRow.expires_at < now, and_(IdempotencyRow.made.is_(None), stale))
    statement = (
        update(IdempotencyRow)
        .where(IdempotencyRow.tenant == claim.tenant, IdempotencyRow.key == claim.key, free)
        .values(
            token=claim.token,
            claimed_at=now,
            expires_at=now + keep,
            fingerprint=None,
            made=None,
        )
    )
    return bool(session.connection().execute(statement).rowcount)


def _completed(row: IdempotencyRow) -> Completed | None:
    if row.made is None or row.fingerprint is None:
        return None
    return Completed(row.fingerprint, row.made)


def _mine(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyRow.tenant == claim.tenant,
        IdempotencyRow.key == claim.key,
        IdempotencyRow.token == claim.token,
    )
