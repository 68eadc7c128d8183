"""ARCHITECTURE.md shows the repository as it is."""

from pathlib import Path

from deploy import architecture

ROOT = Path(__file__).parents[2]


def test_the_tree_is_current() -> None:
    text = architecture.DOCUMENT.read_text()
    assert architecture.rewritten(text) == text, "run: make tree"


def test_the_top_level_is_the_one_we_agreed_on() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert folders == {"service", "detectors", "provenance", "workers"}
