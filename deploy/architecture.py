"""Write the folders of ARCHITECTURE.md and the modules of docs/modules.md from their docstrings."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("workers", "service", "detectors", "provenance")
FOLDERS: Final = ROOT / "ARCHITECTURE.md"
MODULES: Final = ROOT / "docs" / "modules.md"
BEGIN: Final = "<!-- tree: written by `make tree` -->\n"
END: Final = "<!-- end of tree -->"


def rewritten(document: Path) -> str:
    """A document with the tree between its markers replaced: folders alone, or every module."""
    head, _, rest = document.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{_tree(modules=document == MODULES)}{END}{tail}"


def _tree(*, modules: bool) -> str:
    """The tree as fenced text: a line a folder or module, named by its own first sentence."""
    lines = [line for package in PACKAGES for line in _folder(ROOT / package, 0, modules=modules)]
    width = max(len(name) for name, _ in lines) + 2
    return "```\n" + "".join(f"{name:<{width}}{said}\n" for name, said in lines) + "```\n"


def _folder(folder: Path, depth: int, *, modules: bool) -> Iterator[tuple[str, str]]:
    yield f"{'  ' * depth}{folder.name}/", _sentence(folder / "__init__.py")
    for path in sorted(folder.iterdir()) if modules else ():
        if path.suffix == ".py" and path.name != "__init__.py":
            yield f"{'  ' * (depth + 1)}{path.name}", _sentence(path)
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").is_file():
            yield from _folder(path, depth + 1, modules=modules)


def _sentence(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    first = " ".join(said.split("\n\n")[0].split())
    return first.split(". ")[0].rstrip(".")


if __name__ == "__main__":
    for written in (FOLDERS, MODULES):
        written.write_text(rewritten(written))
