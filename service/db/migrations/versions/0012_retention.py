"""Retention of each part of a scan, a tenant's own word on it, sealed bytes, several receipts a scan."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTING = sa.BigInteger().with_variant(sa.Integer, "sqlite")
KEPT = ("scan_id", "tenant", "at", "actor", "because", "blobs", "removed", "document", "signature")


def _deletions(*key: sa.Column[int], indexed: bool) -> None:
    op.create_table(
        "deletion",
        *key,
        sa.Column("scan_id", sa.String(26), primary_key=not key, nullable=False),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(127), nullable=False),
        sa.Column("because", sa.String(32), nullable=False),
        sa.Column("blobs", sa.JSON, nullable=False),
        *([sa.Column("indexed", sa.Boolean, nullable=False)] if indexed else []),
        sa.Column("removed", sa.JSON, nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("signature", sa.Text),
    )


def _named(table: str) -> sa.TableClause:
    return sa.table(table, *(sa.column(name) for name in ("id", *KEPT, "indexed")))


def _columns(table: sa.TableClause) -> list[sa.ColumnElement[object]]:
    return [table.c[name] for name in KEPT]


def _scans() -> None:
    op.add_column("scan", sa.Column("secret", sa.LargeBinary(32)))
    op.add_column("scan", sa.Column("due_at", MOMENT))
    op.add_column("scan", sa.Column("gone", sa.JSON, nullable=False, server_default="[]"))
    op.add_column(
        "scan", sa.Column("indexed", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE scan SET due_at = expires_at WHERE state <> 'expired'")
    done = sa.column("state") == "done"
    scan = sa.table("scan", sa.column("indexed", sa.Boolean), sa.column("state"))
    op.execute(sa.update(scan).where(done).values(indexed=True))
    op.drop_index("scan_expiry", "scan")
    op.create_index("scan_due", "scan", ["due_at"])


def upgrade() -> None:
    _scans()
    op.add_column("upload", sa.Column("secret", sa.LargeBinary(32)))
    op.create_table(
        "retention",
        sa.Column("tenant", sa.String(63), sa.ForeignKey("tenant.name"), primary_key=True),
        *(
            sa.Column(part, sa.String(16))
            for part in ("bytes", "previews", "reports", "index_entries")
        ),
        sa.Column("zero", sa.Boolean, nullable=False),
    )
    op.drop_index("deletion_open", "deletion")
    op.rename_table("deletion", "deletion_before")
    _deletions(sa.Column("id", COUNTING, primary_key=True, autoincrement=True), indexed=True)
    before, now = _named("deletion_before"), _named("deletion")
    everything = sa.select(*_columns(before), sa.true()).order_by(before.c.at)
    op.execute(sa.insert(now).from_select([*KEPT, "indexed"], everything))
    op.drop_table("deletion_before")
    op.create_index("deletion_open", "deletion", ["signature", "at"])
    op.create_index("deletion_of_scan", "deletion", ["scan_id", "id"])


def downgrade() -> None:
    for index in ("deletion_open", "deletion_of_scan"):
        op.drop_index(index, "deletion")
    op.rename_table("deletion", "deletion_after")
    _deletions(indexed=False)
    after, now = _named("deletion_after"), _named("deletion")
    last = sa.select(sa.func.max(after.c.id)).group_by(after.c.scan_id)
    latest = sa.select(*_columns(after)).where(after.c.id.in_(last))
    op.execute(sa.insert(now).from_select(KEPT, latest))
    op.drop_table("deletion_after")
    op.create_index("deletion_open", "deletion", ["signature", "at"])
    op.drop_table("retention")
    op.drop_column("upload", "secret")
    op.drop_index("scan_due", "scan")
    op.create_index("scan_expiry", "scan", ["expires_at"])
    for column in ("secret", "due_at", "gone", "indexed"):
        op.drop_column("scan", column)
