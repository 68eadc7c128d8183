"""The policies that ship, by name, and reading one from a file or by name."""

from pathlib import Path
from typing import Final

from service.errors import PolicyNotFound
from service.names import no_such
from service.policies.document import MAX_BYTES, Policy, read

FOLDER: Final = Path(__file__).parent / "built_in"
NAMES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def built_in(name: str) -> Policy:
    """A policy that ships. Raises `PolicyNotFound`."""
    return read(text_of(name))


def text_of(name: str) -> str:
    """Its file as it is. Raises `PolicyNotFound`."""
    if name not in NAMES:
        raise PolicyNotFound(no_such("built-in policy", name, NAMES))
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def named(named: str) -> Policy:
    """A policy that ships, by its name, or else one in a file.

    Raises `PolicyNotFound`, `PolicyInvalid`, `OSError`.
    """
    if named in NAMES:
        return built_in(named)
    path = Path(named)
    if not path.exists() and path.name == named and not path.suffix:
        raise PolicyNotFound(
            f"{no_such('built-in policy', named, NAMES)}, and there is no such file"
        )
    with path.open("rb") as file:
        return read(file.read(MAX_BYTES + 1))
