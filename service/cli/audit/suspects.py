"""Which files were being analysed when an audit died: they are tried alone, and not for ever.

Beside the results lies `RESULTS.running` for as long as the audit runs. What is in it when the next one
begins was in flight when its process died. Each of these files is then analysed with nothing
beside it, so that of many that were in flight only the one that does it is found again.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

ATTEMPTS: Final = 3
"""After so many dead audits a file is not tried any more."""
LONGEST: Final = 5000
"""Lines after which the file is written anew: it does not grow with the archive."""

_SUSPECT, _BEGUN, _ENDED = "suspect", "begun", "ended"


def written_beside(results: Path) -> tuple[Path, Path]:
    """The file that an audit with these results keeps, and what it becomes the next one from."""
    running = results.with_name(f"{results.name}.running")
    return running, running.with_name(f"{running.name}.new")


class Suspects:
    """Files by how many audits died while they were in flight. Used by one thread at a time."""

    def __init__(self, results: Path) -> None:
        """Learn what the audit before left, if it left anything. Raises `OSError`."""
        self._path, self._next = written_beside(results)
        self._deaths: dict[str, int] = {}
        self._begun: dict[str, None] = {}
        for kind, path, deaths in self._read():
            if kind == _SUSPECT:
                self._deaths[path] = deaths
            elif kind == _BEGUN:
                self._begun[path] = None
            else:
                self._forget(path)
        for path in self._begun:
            self._deaths[path] = self._deaths.get(path, 0) + 1
        self._begun.clear()
        self._file = self._written()

    def deaths(self, path: str) -> int:
        """How many audits died while this file was in flight; where any did, it is tried alone."""
        return self._deaths.get(path, 0)

    def poison(self, path: str) -> bool:
        """Whether that were so many that it is not tried any more."""
        return self.deaths(path) >= ATTEMPTS

    def begin(self, paths: Sequence[str]) -> None:
        """These files are in flight from now on."""
        self._begun.update(dict.fromkeys(paths))
        self._note(_BEGUN, paths)

    def end(self, paths: Iterable[str]) -> None:
        """They came to lines of the results."""
        known = [path for path in paths if path in self._begun or path in self._deaths]
        for path in known:
            self._forget(path)
        self._note(_ENDED, known)

    def close(self) -> None:
        """The audit ends as it should: what is in flight is stopped, and nobody died."""
        self._begun.clear()
        self._file.close()
        if self._deaths:
            self._written().close()
        else:
            self._path.unlink(missing_ok=True)

    def _forget(self, path: str) -> None:
        self._begun.pop(path, None)
        self._deaths.pop(path, None)

    def _note(self, kind: str, paths: Sequence[str]) -> None:
        if paths:
            self._file.write(b"".join(_line(kind, path) for path in paths))
        self._lines += len(paths)
        if self._lines > LONGEST + len(self._deaths):
            self._file.close()
            self._file = self._written()

    def _written(self) -> BinaryIO:
        """The file with what is known now and no more, open for more; never half of it."""
        lines = [_line(_SUSPECT, path, deaths) for path, deaths in self._deaths.items()]
        lines += [_line(_BEGUN, path) for path in self._begun]
        self._next.write_bytes(b"".join(lines))
        self._next.replace(self._path)
        self._lines = len(lines)
        return os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "wb", 0)

    def _read(self) -> list[tuple[str, str, int]]:
        """What was noted; a last line that was cut off is none."""
        if not self._path.exists():
            return []
        noted = []
        for raw in self._path.read_bytes().splitlines():
            try:
                kind, path, deaths = json.loads(raw)
            except ValueError:
                continue
            noted.append((str(kind), str(path), int(deaths)))
        return noted


def _line(kind: str, path: str, deaths: int = 0) -> bytes:
    return json.dumps((kind, path, deaths)).encode() + b"\n"
