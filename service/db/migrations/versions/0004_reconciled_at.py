"""Workers say when they last looked after lost scans."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("worker", sa.Column("reconciled_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("worker", "reconciled_at")
