"""What an audit has to remember about every file, in a temporary file instead of in memory."""

import sqlite3
from collections.abc import Iterator
from threading import Lock
from typing import Final

CACHE_KIBIBYTES: Final = 1024
"""Memory that each of these may take, however much it holds."""


class NumbersByText:
    """A number for each text, in a file without a name that goes with this object. Thread-safe.

    A text may hold lone surrogates, as names of files do.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        for command in (
            f"PRAGMA cache_size = -{CACHE_KIBIBYTES}",
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "CREATE TABLE held (text BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(command)

    def __contains__(self, text: str) -> bool:
        return self.get(text) is not None

    def __len__(self) -> int:
        return self._count

    def get(self, text: str) -> int | None:
        query = "SELECT number FROM held WHERE text = ?"
        with self._lock:
            found = self._database.execute(query, (_key(text),)).fetchone()
        return None if found is None else int(found[0])

    def add(self, text: str, number: int = 0) -> bool:
        """Keep the number unless the text has one; whether it was kept."""
        command = "INSERT OR IGNORE INTO held VALUES (?, ?)"
        with self._lock:
            added = self._database.execute(command, (_key(text), number)).rowcount == 1
            self._count += added
        return added

    def sorted(self) -> Iterator[tuple[str, int]]:
        """Everything, by the code points of the texts. Nothing may be added meanwhile."""
        for text, number in self._database.execute("SELECT text, number FROM held ORDER BY text"):
            yield text.decode("utf-32-be", "surrogatepass"), number

    def close(self) -> None:
        self._database.close()


def _key(text: str) -> bytes:
    """Bytes that sort as Python sorts texts, which those of UTF-8 do not for lone surrogates."""
    return text.encode("utf-32-be", "surrogatepass")
