"""How attempts at a scan ended, and since when it is not tried any more."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scan", sa.Column("deaths", sa.JSON(none_as_null=True)))
    op.add_column("scan", sa.Column("quarantined_at", sa.DateTime(timezone=True)))
    op.create_index("scan_quarantined", "scan", ["quarantined_at"])


def downgrade() -> None:
    op.drop_index("scan_quarantined", "scan")
    op.drop_column("scan", "quarantined_at")
    op.drop_column("scan", "deaths")
