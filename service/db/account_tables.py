"""The tables of people who sign in: accounts, identities elsewhere, sessions and failed attempts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class AccountRow(Base):
    """A person. An operator's tenant is where they begin; they may change to any other."""

    __tablename__ = "account"
    __table_args__ = (Index("account_of_tenant", "tenant", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63), ForeignKey("tenant.name"))
    name: Mapped[str] = mapped_column(String(254), unique=True)
    role: Mapped[str] = mapped_column(String(32))  # a `service.access.principal.Role`
    password: Mapped[str | None] = mapped_column(String(255))  # argon2; null: none was set
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    link: Mapped[str | None] = mapped_column(String(64))  # sha256 of the one-time link's secret
    link_until: Mapped[datetime | None]


class IdentityRow(Base):
    """Who an account is at an OpenID provider."""

    __tablename__ = "identity"
    __table_args__ = (Index("identity_of_account", "account_id"),)

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    account_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("account.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime]


class SessionRow(Base):
    """A browser that is signed in. Of its token only the hash is kept."""

    __tablename__ = "session"
    __table_args__ = (
        Index("session_of_account", "account_id"),
        Index("session_expiry", "expires_at"),
    )

    token: Mapped[str] = mapped_column(String(64), primary_key=True)  # sha256
    id: Mapped[str] = mapped_column(String(32), unique=True)  # how the list of sessions names it
    tenant: Mapped[str] = mapped_column(String(63))  # in which it acts
    account_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("account.id", ondelete="CASCADE")
    )
    csrf: Mapped[str] = mapped_column(String(43))
    agent: Mapped[str] = mapped_column(String(255))  # what the browser calls itself
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AttemptRow(Base):
    """How far failed attempts to sign in have used up what is allowed, by name or by address.

    They happen before anybody knows a tenant, so this table alone has none.
    """

    __tablename__ = "attempt"
    __table_args__ = (Index("attempt_until", "until"),)

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)  # sha256
    until: Mapped[datetime]
