"""Working together: notes, links that show one report, who a scan is left to; lists by name and size."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LEFT = sa.text("assignee IS NOT NULL")
INDEXES = ("scan_by_assignee", "scan_by_size", "scan_by_name")


def upgrade() -> None:
    op.add_column("scan", sa.Column("assignee", sa.String(127)))
    op.create_index("scan_by_name", "scan", ["tenant", "name", "id"])
    op.create_index("scan_by_size", "scan", ["tenant", "size", "id"])
    op.create_index(
        "scan_by_assignee",
        "scan",
        ["tenant", "assignee", "id"],
        sqlite_where=LEFT,
        postgresql_where=LEFT,
    )
    op.create_table(
        "note",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        _scan_id(),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("actor", sa.String(127), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(127)),
        sa.Column("changed_at", MOMENT),
    )
    op.create_index("note_of_scan", "note", ["scan_id", "id"])
    op.create_index("note_of_tenant", "note", ["tenant", "id"])
    op.create_table(
        "share_link",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        _scan_id(),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        sa.Column("actor", sa.String(127), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
    )
    op.create_index("share_link_of_scan", "share_link", ["scan_id", "created_at"])


def downgrade() -> None:
    op.drop_table("share_link")
    op.drop_table("note")
    for index in INDEXES:
        op.drop_index(index, "scan")
    op.drop_column("scan", "assignee")


def _scan_id() -> sa.Column[str]:
    scan = sa.ForeignKey("scan.id", ondelete="CASCADE")
    return sa.Column("scan_id", sa.String(26), scan, nullable=False)
