"""Scans, their reports and the workers that run them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "scan",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(127), nullable=False),
        sa.Column("blob", sa.String(127)),
        sa.Column("preview", sa.String(127)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("enqueued_at", MOMENT),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("expires_at", MOMENT),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("done", sa.Float, nullable=False),
        sa.Column("note", sa.String(255), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("worker", sa.String(127)),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", MOMENT),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("failure_sentence", sa.Text),
        sa.Column("verdict", sa.String(32)),
    )
    op.create_index("scan_of_tenant", "scan", ["tenant", "id"])
    op.create_index("scan_lease", "scan", ["state", "lease_until"])
    op.create_index("scan_sent", "scan", ["state", "queue", "enqueued_at"])
    op.create_index("scan_expiry", "scan", ["expires_at"])
    op.create_index("scan_blob", "scan", ["blob"])
    op.create_index("scan_preview", "scan", ["preview"])
    op.create_table(
        "report",
        sa.Column(
            "scan_id", sa.String(26), sa.ForeignKey("scan.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )
    op.create_table(
        "worker",
        sa.Column("name", sa.String(127), primary_key=True),
        sa.Column("queues", sa.String(255), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("worker")
    op.drop_table("report")
    op.drop_table("scan")
