"""In which order tests run."""

from pathlib import Path
from typing import Final

import pytest

FIRST: Final = (Path(__file__).parent / "e2e", Path(__file__).parent / "service" / "cli")
"""Folders whose files take minutes: begun last, they would leave all cores but one idle at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in FIRST))
