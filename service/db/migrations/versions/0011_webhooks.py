"""Webhooks: endpoints, events and their deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("secret", sa.String(80), nullable=False),
        sa.Column("former_secret", sa.String(80)),
        sa.Column("former_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("paused", sa.Text),
        sa.Column("failing_since", MOMENT),
        sa.Column("quiet_until", MOMENT),
    )
    op.create_index("webhook_endpoint_of_tenant", "webhook_endpoint", ["tenant", "id"])


def _foreign(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")


def _deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("endpoint_id", sa.String(26), _foreign("webhook_endpoint"), nullable=False),
        sa.Column("event_id", sa.String(26), _foreign("webhook_event"), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("give_up_at", MOMENT, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", MOMENT),
        sa.Column("status", sa.Integer),
        sa.Column("milliseconds", sa.Integer),
        sa.Column("error", sa.Text),
    )
    op.create_index("webhook_delivery_due", "webhook_delivery", ["state", "next_at"])
    op.create_index("webhook_delivery_of_endpoint", "webhook_delivery", ["endpoint_id", "id"])
    op.create_index("webhook_delivery_of_event", "webhook_delivery", ["event_id"])


def upgrade() -> None:
    _endpoints()
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("webhook_event_age", "webhook_event", ["created_at"])
    _deliveries()


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook_event")
    op.drop_table("webhook_endpoint")
