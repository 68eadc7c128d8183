"""`python -m deploy.settings` writes settings.example.env: every setting with its default."""

from collections.abc import Iterator
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
    fields = model.model_fields
    simple = {name: field for name, field in fields.items() if not _section(field)}
    for name, field in simple.items():
        yield ""
        if field.description is not None:
            yield f"# {' '.join(field.description.split())}"
        value = "" if field.default is None or field.default_factory else field.default
        yield f"#{prefix}{name.upper()}={_written(value)}"
    for name, field in fields.items():
        section = _section(field)
        if section is not None:
            yield ""
            yield f"# --- {section.__doc__}"
            yield from _lines(section, f"{prefix}{name.upper()}{NESTED}")


def _section(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    EXAMPLE.write_text(example())
