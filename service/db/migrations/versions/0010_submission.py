"""What a client says of a scan, when its turn is, what finds it again, and idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
INDEXES = {
    "scan_turn": ["state", "queue", "turn_at"],
    "scan_by_state": ["tenant", "state", "id"],
    "scan_by_verdict": ["tenant", "verdict", "id"],
    "scan_by_sha256": ["tenant", "sha256", "id"],
    "scan_by_reference": ["tenant", "reference", "id"],
    "scan_by_signer": ["tenant", "signer", "id"],
}
COLUMNS = ("reference", "priority", "turn_at", "signer", "pins")


def upgrade() -> None:
    op.add_column("scan", sa.Column("reference", sa.String(200)))
    op.add_column(
        "scan", sa.Column("priority", sa.String(32), nullable=False, server_default="normal")
    )
    op.add_column("scan", sa.Column("turn_at", MOMENT))
    op.add_column("scan", sa.Column("signer", sa.String(255)))
    op.add_column("scan", sa.Column("pins", sa.String(64)))
    op.execute("UPDATE scan SET turn_at = created_at")
    with op.batch_alter_table("scan") as table:
        table.alter_column("turn_at", existing_type=MOMENT, nullable=False)
    for name, columns in INDEXES.items():
        op.create_index(name, "scan", columns)
    op.add_column("worker", sa.Column("pins", sa.String(64)))
    op.create_table(
        "scan_label",
        sa.Column(
            "scan_id", sa.String(26), sa.ForeignKey("scan.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
    )
    op.create_index("scan_by_label", "scan_label", ["tenant", "name", "value", "scan_id"])
    op.create_table(
        "idempotency_key",
        sa.Column("tenant", sa.String(63), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("fingerprint", sa.String(64)),
        sa.Column("scan_id", sa.String(26)),
    )
    op.create_index("idempotency_expiry", "idempotency_key", ["expires_at"])


def downgrade() -> None:
    op.drop_table("idempotency_key")
    op.drop_table("scan_label")
    op.drop_column("worker", "pins")
    for name in INDEXES:
        op.drop_index(name, "scan")
    op.execute("UPDATE scan SET state = 'failed' WHERE state = 'cancelled'")
    for name in COLUMNS:
        op.drop_column("scan", name)
