"""Receipts of deletions, and the audit log with its chain and checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTING = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "deletion",
        sa.Column("scan_id", sa.String(26), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(127), nullable=False),
        sa.Column("because", sa.String(32), nullable=False),
        sa.Column("blobs", sa.JSON, nullable=False),
        sa.Column("removed", sa.JSON, nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("signature", sa.Text),
    )
    op.create_index("deletion_open", "deletion", ["signature", "at"])
    op.create_table(
        "trail",
        sa.Column("id", COUNTING, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(127), nullable=False),
        sa.Column("deed", sa.String(63), nullable=False),
        sa.Column("object", sa.String(127), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("line", sa.BigInteger),
        sa.Column("digest", sa.String(64)),
        sa.UniqueConstraint("tenant", "line", name="trail_line"),
    )
    op.create_index("trail_object", "trail", ["tenant", "object"])
    op.create_index("trail_loose", "trail", ["line", "tenant"])
    op.create_table(
        "trail_end",
        sa.Column("tenant", sa.String(63), primary_key=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "trail_checkpoint",
        sa.Column("tenant", sa.String(63), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("trail_checkpoint", "trail_end", "trail", "deletion"):
        op.drop_table(table)
