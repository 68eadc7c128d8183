"""Fragmented videos: the sizes of the segments that one stored file was joined from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scan", sa.Column("parts", sa.JSON))


def downgrade() -> None:
    op.drop_column("scan", "parts")
