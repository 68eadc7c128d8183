"""How attempts at taking in a line of a batch ended, and which worker holds it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch_item", sa.Column("worker", sa.String(127)))
    op.add_column("batch_item", sa.Column("deaths", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("batch_item", "deaths")
    op.drop_column("batch_item", "worker")
