"""Who sent a scan or a batch, so that limits of a key hold for what waits, runs or is fetched later."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("scan", "batch")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("sender", sa.String(127)))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "sender")
