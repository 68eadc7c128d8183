"""The tables of webhooks: who is told, what there is to tell, and how far the telling is."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, closed


class DeliveryState(StrEnum):
    """PENDING -> DELIVERED, or DEAD once its time is up; a redelivery leads back to PENDING."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class AttemptCode(StrEnum):
    """Why an attempt did not deliver; public, and never changed once released."""

    URL_REFUSED = "url_refused"
    NAME_UNRESOLVED = "name_unresolved"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    ANSWER_MALFORMED = "answer_malformed"
    REDIRECTED = "redirected"
    GONE = "gone"
    REFUSED = "refused"  # any other status than 2xx
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 (a code)


class EndpointRow(Base):
    """An address that a tenant wants told, and the secrets its messages are signed with."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (Index("webhook_endpoint_of_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(Text)  # sealed, see service.webhooks.sealing
    former_secret: Mapped[str | None] = mapped_column(Text)
    former_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    paused: Mapped[str | None] = mapped_column(Text)  # why; null: it is told
    failing_since: Mapped[datetime | None]  # every attempt since then failed
    quiet_until: Mapped[datetime | None]  # it failed just now and is left alone until then
    rung_at: Mapped[datetime | None]  # a message for it is on its way since then, unheard so far
    lease: Mapped[str | None] = mapped_column(String(32))  # of the one sender that talks to it
    lease_until: Mapped[datetime | None]


class EventRow(Base):
    """Something that happened, written in the transaction that made it so."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index("webhook_event_age", "created_at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    type: Mapped[str] = mapped_column(String(32))
    document: Mapped[str] = mapped_column(Text)  # the body, the same for every attempt
    created_at: Mapped[datetime]


class DeliveryRow(Base):
    """One event on its way to one endpoint, and how the last attempt went."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("webhook_delivery_due", "state", "next_at"),
        Index("webhook_delivery_of_endpoint", "endpoint_id", "id"),
        Index("webhook_delivery_turn", "endpoint_id", "state", "next_at"),
        Index("webhook_delivery_of_event", "event_id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    endpoint_id: Mapped[str] = mapped_column(
        String(26), ForeignKey("webhook_endpoint.id", ondelete="CASCADE")
    )
    event_id: Mapped[str] = mapped_column(
        String(26), ForeignKey("webhook_event.id", ondelete="CASCADE")
    )
    state: Mapped[DeliveryState] = mapped_column(closed(DeliveryState))
    attempts: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(Integer)  # what the receiver answered
    milliseconds: Mapped[int | None] = mapped_column(Integer)
    code: Mapped[AttemptCode | None] = mapped_column(closed(AttemptCode))
    error: Mapped[str | None] = mapped_column(Text)


class AttemptRow(Base):
    """One attempt at a delivery; goes with the event."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("webhook_attempt_of_delivery", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    delivery_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("webhook_delivery.id", ondelete="CASCADE")
    )
    at: Mapped[datetime]  # when it began
    status: Mapped[int | None] = mapped_column(Integer)
    milliseconds: Mapped[int] = mapped_column(Integer)
    code: Mapped[AttemptCode | None] = mapped_column(closed(AttemptCode))  # null: delivered
    error: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)  # how the body of a refusal began
