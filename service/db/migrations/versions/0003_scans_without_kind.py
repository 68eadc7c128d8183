"""Scans of files that no classifier is for, such as documents and camera raws."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("scan") as table:
        table.alter_column("kind", existing_type=sa.String(32), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM report WHERE scan_id IN (SELECT id FROM scan WHERE kind IS NULL)")
    op.execute("DELETE FROM scan WHERE kind IS NULL")
    with op.batch_alter_table("scan") as table:
        table.alter_column("kind", existing_type=sa.String(32), nullable=False)
