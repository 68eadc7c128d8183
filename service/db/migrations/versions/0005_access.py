"""Tenants, the one of every scan so far among them, and their API keys."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DEFAULT = "default"


def upgrade() -> None:
    tenant = op.create_table(
        "tenant",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("suspended_at", MOMENT),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("upload_bytes_per_day", sa.BigInteger),
        sa.Column("scans_in_flight", sa.Integer),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("tenant", sa.String(63), sa.ForeignKey("tenant.name"), nullable=False),
        sa.Column("name", sa.String(127), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("replaced_by", sa.String(16)),
    )
    op.create_index("api_key_of_tenant", "api_key", ["tenant", "created_at"])
    op.create_index("scan_in_flight", "scan", ["tenant", "state"])
    found = op.get_bind().execute(sa.text("SELECT DISTINCT tenant FROM scan")).scalars()
    now = datetime.now(UTC)
    names = sorted({DEFAULT, *found})
    op.bulk_insert(tenant, [{"name": name, "created_at": now} for name in names])


def downgrade() -> None:
    op.drop_index("scan_in_flight", "scan")
    op.drop_table("api_key")
    op.drop_table("tenant")
