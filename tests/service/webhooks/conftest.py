"""Webhooks on both kinds of installation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.db.engine import Database
from service.scans.queue import Broker
from tests.service.webhooks.posting import Post, posting


@pytest.fixture
def post(database: Database, broker: Broker, tmp_path: Path) -> Iterator[Post]:
    with posting(database, broker, tmp_path) as made:
        yield made
