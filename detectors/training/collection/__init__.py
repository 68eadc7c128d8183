"""Collect training media from public git repositories by a table that is part of the project."""
