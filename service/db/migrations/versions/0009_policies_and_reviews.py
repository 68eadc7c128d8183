"""Policies, the action each scan came to, and reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("scan", sa.Column("action", sa.String(32)))
    op.create_index("scan_action", "scan", ["tenant", "action", "id"])
    op.create_table(
        "policy",
        sa.Column("tenant", sa.String(63), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("actor", sa.String(127), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column(
            "scan_id", sa.String(26), sa.ForeignKey("scan.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("judgement", sa.String(32), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("actor", sa.String(127), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("review_of_scan", "review", ["scan_id", "id"])
    op.create_index("review_of_tenant", "review", ["tenant", "id"])


def downgrade() -> None:
    op.drop_table("review")
    op.drop_table("policy")
    op.drop_index("scan_action", "scan")
    op.drop_column("scan", "action")
