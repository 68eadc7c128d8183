"""Views: pictures that help a person look at a scan's file, drawn on demand."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "scan_view",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column(
            "scan_id", sa.String(26), sa.ForeignKey("scan.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("other", sa.String(26), sa.ForeignKey("scan.id", ondelete="CASCADE")),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("rung_at", MOMENT, nullable=False),
        sa.Column("taken_at", MOMENT),
        sa.Column("blob", sa.String(127)),
        sa.Column("media_type", sa.String(63)),
        sa.Column("sentences", sa.JSON, nullable=False),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("failure_sentence", sa.Text),
    )
    op.create_index("view_of_scan", "scan_view", ["scan_id", "name"], unique=True)
    op.create_index("view_of_other", "scan_view", ["other"])
    op.create_index("view_blob", "scan_view", ["blob"])


def downgrade() -> None:
    op.drop_table("scan_view")
