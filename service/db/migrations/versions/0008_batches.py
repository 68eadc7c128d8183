"""Resumable uploads, and batches of files and addresses with their items."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("blob", sa.String(127), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("failure_sentence", sa.Text),
        sa.Column("scan_id", sa.String(26)),
    )
    op.create_index("upload_of_tenant", "upload", ["tenant", "id"])
    op.create_index("upload_expiry", "upload", ["expires_at"])
    op.create_index("upload_blob", "upload", ["blob"])
    op.create_table(
        "batch",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("receiving_until", MOMENT),
        sa.Column("cancelled_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("expires_at", MOMENT),
    )
    op.create_index("batch_of_tenant", "batch", ["tenant", "id"])
    op.create_index("batch_state", "batch", ["state"])
    op.create_index("batch_expiry", "batch", ["expires_at"])
    op.create_table(
        "batch_item",
        sa.Column(
            "batch_id",
            sa.String(26),
            sa.ForeignKey("batch.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("upload_id", sa.String(26)),
        sa.Column("reference", sa.String(255)),
        sa.Column("labels", sa.JSON),
        sa.Column("scan_id", sa.String(26)),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("failure_sentence", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", MOMENT),
    )
    op.create_index("batch_item_state", "batch_item", ["state", "batch_id", "line"])
    op.create_index("batch_item_scan", "batch_item", ["scan_id"])


def downgrade() -> None:
    op.drop_table("batch_item")
    op.drop_table("batch")
    op.drop_table("upload")
