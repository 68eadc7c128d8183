"""Sessions of people who signed in: begun, found by the cookie's token, listed and ended."""

import hashlib
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from service.access.principal import SCOPES, Principal, Role
from service.access.tenants import Tenants, let_in
from service.db.accounts import StoredAccount
from service.db.engine import Database
from service.db.sessions import SessionRows, StoredSession

LIFE: Final = timedelta(days=14)
IDLE: Final = timedelta(hours=24)
_SEEN_EVERY: Final = timedelta(minutes=1)
_TOKEN_LENGTH: Final = 43
_AGENT_LENGTH: Final = 255


class Sessions:
    """Server-side: whoever ends a session ends it at once, in every process. Thread-safe."""

    def __init__(self, database: Database, now: Callable[[], datetime] | None = None) -> None:
        self._rows = SessionRows(database)
        self._now = now or database.now

    def begin(
        self,
        account: StoredAccount,
        agent: str,
        *,
        instead_of: str | None,
        life: timedelta = LIFE,
    ) -> str:
        """A new session and the token for its cookie; the session of the token that was there ends.

        No token from before signing in is ever taken over, so nobody can plant one.
        """
        token, now = secrets.token_urlsafe(32), self._now()
        new = StoredSession(
            id=uuid.uuid4().hex,
            token=_hash(token),
            tenant=account.tenant,
            account_id=account.id,
            account_name=account.name,
            role=account.role,
            csrf=secrets.token_urlsafe(32),
            agent=_shown(agent),
            created_at=now,
            seen_at=now,
            expires_at=now + life,
        )
        self._rows.begin(new, instead_of=_hash(instead_of) if instead_of else None)
        return token

    def find(self, untrusted_token: str) -> StoredSession | None:
        """The session of a cookie; None if it expired, was ended, or its account is disabled."""
        if len(untrusted_token) != _TOKEN_LENGTH:
            return None
        now = self._now()
        found = self._rows.find(_hash(untrusted_token), now, seen_since=now - IDLE)
        if found is not None and now - found.seen_at > _SEEN_EVERY:
            self._rows.seen(found.token, now)
        return found

    def of(self, account_id: str) -> tuple[StoredSession, ...]:
        now = self._now()
        return self._rows.of(account_id, now, seen_since=now - IDLE)

    def act_in(self, session: StoredSession, tenant: str) -> None:
        """What an operator's session is about from now on."""
        self._rows.act_in(session.token, tenant)

    def end(self, session: StoredSession) -> None:
        self._rows.end(session.token)

    def end_one(self, session: StoredSession, session_id: str) -> None:
        """End another session of the same account; one of somebody else is left alone."""
        self._rows.end_one(session.account_id, session_id)

    def end_all(self, session: StoredSession) -> None:
        self._rows.end_all(session.account_id)


def principal_of(session: StoredSession, tenants: Tenants) -> Principal:
    """Whom a session speaks for, in the tenant it acts in.

    Raises `TenantSuspended`, unless it is an operator, who looks after suspended tenants too.
    """
    role = Role(session.role)
    if role is not Role.OPERATOR:
        let_in(tenants.get(session.tenant))
    return Principal(
        tenant=session.tenant,
        actor=actor_of(session),
        scopes=SCOPES[role],
        role=role,
    )


def actor_of(session: StoredSession) -> str:
    """What the audit log calls the person."""
    return f"account:{session.account_id}"


def _hash(token: str) -> str:
    """Tokens have 256 random bits: a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def _shown(untrusted_agent: str) -> str:
    return "".join(c if c.isprintable() else " " for c in untrusted_agent)[:_AGENT_LENGTH]
