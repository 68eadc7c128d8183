"""`python -m deploy.settings` writes settings.example.env: every setting with its default."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from service.settings import NESTED, PREFIX, Settings
from service.settings_values import Section

EXAMPLE: Final = Path(__file__).parent / "settings.example.env"
HEADER: Final = "# Every setting with its default. Written by `python -m deploy.settings`.\n"


def example() -> str:
    """The whole file: simple settings first, then the sections."""
    return HEADER + "".join(f"{line}\n" for line in _lines(Settings, PREFIX))


def _lines(model: type[BaseModel], prefix: str) -> Iterator[str]:
    fields, told = model.model_fields, _told(model)
    simple = {name: field for name, field in fields.items() if not _section(field)}
    for name, field in simple.items():
        yield ""
        if name in told:
            yield f"# {' '.join(told[name].split())}"
        value = "" if field.default is None or field.default_factory else field.default
        yield f"#{prefix}{name.upper()}={_written(value)}"
    for name, field in fields.items():
        section = _section(field)
        if section is not None:
            yield ""
            yield f"# --- {section.__doc__}"
            yield from _lines(section, f"{prefix}{name.upper()}{NESTED}")


def _told(model: type[BaseModel]) -> dict[str, str]:
    """What stands under each field. The models do not keep it: reading their source takes 80 ms."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    told = {}
    for field, text in pairwise(tree.body if isinstance(tree, ast.ClassDef) else ()):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(sentence))),
            ):
                told[name] = sentence
    return told


def _section(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    EXAMPLE.write_text(example())
