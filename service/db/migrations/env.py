"""Run by Alembic: apply migrations on the connection that `service.db.migrate` hands over."""

from alembic import context
from sqlalchemy import Connection

from service.db.models import Base


def run(connection: Connection) -> None:
    """All missing migrations in one transaction."""
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
