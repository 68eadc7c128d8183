"""Webhooks: every attempt is kept, an endpoint is leased by one sender, secrets are sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SECRETS = ("secret", "former_secret")


def upgrade() -> None:
    with op.batch_alter_table("webhook_endpoint") as table:
        for name in SECRETS:
            table.alter_column(name, existing_type=sa.String(80), type_=sa.Text)
        table.add_column(sa.Column("rung_at", MOMENT))
        table.add_column(sa.Column("lease", sa.String(32)))
        table.add_column(sa.Column("lease_until", MOMENT))
    op.drop_column("webhook_delivery", "lease")
    op.drop_column("webhook_delivery", "lease_until")
    op.add_column("webhook_delivery", sa.Column("code", sa.String(32)))
    op.create_index(
        "webhook_delivery_turn", "webhook_delivery", ["endpoint_id", "state", "next_at"]
    )
    delivery = sa.ForeignKey("webhook_delivery.id", ondelete="CASCADE")
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("delivery_id", sa.Integer, delivery, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("code", sa.String(32)),
        sa.Column("error", sa.Text),
        sa.Column("answer", sa.Text),
    )
    op.create_index("webhook_attempt_of_delivery", "webhook_attempt", ["delivery_id", "id"])


def downgrade() -> None:
    op.drop_table("webhook_attempt")
    op.drop_index("webhook_delivery_turn", "webhook_delivery")
    op.drop_column("webhook_delivery", "code")
    op.add_column("webhook_delivery", sa.Column("lease", sa.String(32)))
    op.add_column("webhook_delivery", sa.Column("lease_until", MOMENT))
    with op.batch_alter_table("webhook_endpoint") as table:
        for name in ("rung_at", "lease", "lease_until"):
            table.drop_column(name)
