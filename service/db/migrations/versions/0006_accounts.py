"""People who sign in, their identities elsewhere, their sessions, and failed attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("tenant", sa.String(63), sa.ForeignKey("tenant.name"), nullable=False),
        sa.Column("name", sa.String(254), nullable=False, unique=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password", sa.String(255)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("signed_in_at", MOMENT),
        sa.Column("disabled_at", MOMENT),
        sa.Column("link", sa.String(64)),
        sa.Column("link_until", MOMENT),
    )
    op.create_index("account_of_tenant", "account", ["tenant", "name"])
    op.create_table(
        "identity",
        sa.Column("issuer", sa.String(255), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        _account(),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("identity_of_account", "identity", ["account_id"])
    op.create_table(
        "session",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        _account(),
        sa.Column("csrf", sa.String(43), nullable=False),
        sa.Column("agent", sa.String(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_index("session_of_account", "session", ["account_id"])
    op.create_index("session_expiry", "session", ["expires_at"])
    op.create_table(
        "attempt",
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("until", MOMENT, nullable=False),
    )
    op.create_index("attempt_until", "attempt", ["until"])


def _account() -> sa.Column[str]:
    return sa.Column(
        "account_id",
        sa.String(32),
        sa.ForeignKey("account.id", ondelete="CASCADE"),
        nullable=False,
    )


def downgrade() -> None:
    for table in ("attempt", "session", "identity", "account"):
        op.drop_table(table)
