"""Write the module tree of ARCHITECTURE.md from the modules' own first sentences."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "ARCHITECTURE.md"
PACKAGES = ("workers", "service", "detectors", "provenance")
BEGIN, END = "<!-- tree: written by `make tree` -->\n", "<!-- end of tree -->"


def tree() -> str:
    """The tree as fenced text: a line a module, folders first named by their own docstring."""
    lines = [line for package in PACKAGES for line in _folder(ROOT / package, 0)]
    width = max(len(name) for name, _ in lines) + 2
    return "```\n" + "".join(f"{name:<{width}}{said}\n" for name, said in lines) + "```\n"


def rewritten(text: str) -> str:
    """The document with the tree between its markers replaced."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{tree()}{END}{tail}"


def _folder(folder: Path, depth: int) -> Iterator[tuple[str, str]]:
    yield f"{'  ' * depth}{folder.name}/", _sentence(folder / "__init__.py")
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py" and path.name != "__init__.py":
            yield f"{'  ' * (depth + 1)}{path.name}", _sentence(path)
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").is_file():
            yield from _folder(path, depth + 1)


def _sentence(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    first = " ".join(said.split("\n\n")[0].split())
    return first.split(". ")[0].rstrip(".")


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text()))
