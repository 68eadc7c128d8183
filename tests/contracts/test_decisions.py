"""Decisions are found: every page is in the index, every decision says on what day it was made."""

import re
from datetime import date
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_the_index_names_every_page() -> None:
    linked = re.findall(r"^- \[[^]]+\]\(([^)]+)\): ", (FOLDER / "README.md").read_text(), re.M)
    assert sorted(linked) == [path.name for path in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_decision_is_dated(page: Path) -> None:
    parts = re.split(r"^## .+$", page.read_text(), flags=re.M)[1:]
    days = [re.match(r"\n\n\*(\d{4}-\d{2}-\d{2})\*\n\n\S", part) for part in parts]
    assert parts
    assert all(day and date.fromisoformat(day[1]) for day in days)
