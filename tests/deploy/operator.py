"""What an operator's files name: settings of ours, and figures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from service.settings import names

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
SETTINGS: Final = frozenset(names())
_OURS: Final = re.compile(r"\bASSAY_[A-Z0-9_]+")

OF_COMPOSE: Final = frozenset(
    {"ASSAY_ADDRESS", "ASSAY_API_IMAGE", "ASSAY_OPERATOR", "ASSAY_WORKER_IMAGE"}
)
"""What compose.yaml itself is told by; no container sees them."""


def unknown_settings(text: str) -> set[str]:
    """Names that look like settings and are none."""
    return set(_OURS.findall(text)) - SETTINGS - OF_COMPOSE


def strings(value: object) -> Iterator[str]:
    """Every text in a document of lists and tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
