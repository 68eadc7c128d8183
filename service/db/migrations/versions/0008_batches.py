"""Resumable uploads, and batches of files and addresses with their items."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("blob", sa.String(127), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("failure_sentence", sa.Text),
        sa.Column("scan_id", sa.String(26)),
    )
    op.create_index("upload_of_tenant", "upload", ["tenant", "id"])
    op.create_index("upload_expiry", "upload", ["expires_at"])
    op.create_index("upload_blob", "upload", ["blob"])


def downgrade() -> None:
    op.drop_table("upload")
