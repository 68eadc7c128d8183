"""Which names an audit takes: glob patterns of what to include and what to leave out."""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Patterns:
    """Without a slash a pattern is about the name, with one about the path; case is ignored."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def enters(self, folder: str) -> bool:
        return not any(_matches(folder, pattern) for pattern in self.exclude)

    def takes(self, path: str) -> bool:
        if not self.enters(path):
            return False
        return not self.include or any(_matches(path, pattern) for pattern in self.include)

    def takes_below(self, path: str) -> bool:
        """As `takes`, of a path none of whose folders were asked about."""
        parts = path.split("/")
        folders = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        return self.takes(path) and all(map(self.enters, folders))


def named(path: str) -> str:
    """The path, safe as an argument and as a cell of a table: no dash or sign of a formula first."""
    return path if path[:1].isalnum() or path[:1] in {"/", ".", "_"} else f"./{path}"


def _matches(path: str, pattern: str) -> bool:
    name = path if "/" in pattern else path.rpartition("/")[2]
    return fnmatchcase(name.lower(), pattern.lower())
