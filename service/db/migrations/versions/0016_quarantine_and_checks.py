"""How attempts at a scan ended, since when it is not tried any more, what daily checks found, traces."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("scan", sa.Column("traceparent", sa.String(55)))
    op.add_column("scan", sa.Column("deaths", sa.JSON(none_as_null=True)))
    op.add_column("scan", sa.Column("quarantined_at", MOMENT))
    op.create_index("scan_quarantined", "scan", ["quarantined_at"])
    op.create_table(
        "daily_check",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("seconds", sa.Float()),
        sa.Column("fine", sa.Boolean()),
        sa.Column("figures", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("daily_check")
    op.drop_index("scan_quarantined", "scan")
    op.drop_column("scan", "quarantined_at")
    op.drop_column("scan", "deaths")
    op.drop_column("scan", "traceparent")
