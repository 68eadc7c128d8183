"""Whether a link shows the author and the place that a file states; those made before do not."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    shown: sa.Column[bool] = sa.Column(
        "author_and_place", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("share_link", shown)


def downgrade() -> None:
    op.drop_column("share_link", "author_and_place")
