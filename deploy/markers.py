"""`python -m deploy.markers` writes docs/markers.md: every declared marker, from the catalogue."""

from pathlib import Path
from typing import Final

from provenance.markers.catalogue import CATALOGUE, Entry

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "markers.md"
HEADER: Final = """# Declared markers

Written by `python -m deploy.markers` from `provenance/markers/catalogue.py`.

What a file says of itself without a signature: *declared*, never *verified*, and never proof of a
genuine photograph. Whoever wants to hide AI removes it; hardly anybody adds it, so what declares AI is
rarely wrong. Words alone are no marker: a value must have the structure that its writer gives it, and
`tests/provenance/test_markers.py` keeps ordinary texts about generators silent. That test tries each
marker on the sample named here, and on the files of a collection of real ones where that is at hand.

| marker | who writes it | where | how forgeable | sample |
| --- | --- | --- | --- | --- |
"""


def document() -> str:
    """The whole page."""
    return HEADER + "".join(map(_row, CATALOGUE.values()))


def _row(entry: Entry) -> str:
    files = f"; {', '.join(f'`{name}`' for name in entry.collected)}" if entry.collected else ""
    cells = (
        f"`{entry.name}`",
        entry.written_by,
        entry.lies_in,
        f"{entry.forgery}; {entry.note}",
        f"{entry.sample}{files}",
    )
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
