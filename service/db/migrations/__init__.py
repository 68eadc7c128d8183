"""Alembic's environment and, under `versions`, one file for each change of the schema."""
