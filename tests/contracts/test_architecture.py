"""ARCHITECTURE.md and docs/modules.md show the repository as it is."""

from pathlib import Path

import pytest

from deploy import architecture

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("document", [architecture.FOLDERS, architecture.MODULES])
def test_the_tree_is_current(document: Path) -> None:
    assert architecture.rewritten(document) == document.read_text(), "run: make tree"


def test_the_top_level_is_the_one_we_agreed_on() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert folders == {"service", "detectors", "provenance", "workers"}
