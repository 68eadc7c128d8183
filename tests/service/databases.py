"""Databases for tests: the current schema is made once and copied, since migrating takes longer."""

import tempfile
from functools import cache
from pathlib import Path

from service.db.engine import Database
from service.db.migrate import upgrade


def sqlite(path: Path) -> Database:
    """A new database with the current schema in this file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated())
    return Database(f"sqlite:///{path}")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "assay.db"
        database = Database(f"sqlite:///{path}")
        upgrade(database.engine)
        database.close()
        return path.read_bytes()
