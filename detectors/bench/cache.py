"""Answers of detectors kept between runs, so that a re-run computes only what changed."""

import hashlib
import sqlite3
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from detectors.base import Kind
from detectors.registry import Spec, card_of, named
from detectors.result import Closed

PACKAGE: Final = Path(__file__).parents[1]


class Answer(Closed):
    """What one detector saw in one file; no score, but a reason, when it abstained."""

    raw: float | None
    allowance: float = 0.0
    seconds: float  # CPU time of this process, decoding excluded
    spans: tuple[float, ...] = ()  # raw scores along the time line
    reason: str = ""


class AnswerCache:
    """A SQLite file of answers by key. One process writes it; `None` keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._database = sqlite3.connect(":memory:" if path is None else path)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, json TEXT)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def get(self, key: str) -> Answer | None:
        row = self._database.execute("SELECT json FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else Answer.model_validate_json(row[0])

    def put(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Keep answers; those under a known key are replaced."""
        rows = [(key, answer.model_dump_json()) for key, answer in answers]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", rows)


def key_of(spec: Spec, sha256: str, laundering: str) -> str:
    """What an answer depends on: the file, the laundering, the model and the code that runs it."""
    return f"{spec.name} {laundering} {sha256} {model_digest(spec)}"


@cache
def model_digest(spec: Spec) -> str:
    """sha256 over what raw scores depend on: weights, settings and code of a detector and its parts.

    Calibration and thresholds are left out: they are applied to raw scores, not kept with them.
    """
    card = card_of(spec)
    parts = [card.model_dump_json(include={"weights", "settings"}), code_digest(spec.kind)]
    parts += [model_digest(named(other)) for other in (*spec.needs, *spec.follows)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


@cache
def code_digest(kind: Kind) -> str:
    """sha256 over the code that judges one kind: its own, what all share, and the launderings."""
    folders = (
        PACKAGE,
        PACKAGE / "media",
        PACKAGE / "zoo",
        PACKAGE / "zoo" / "public",
        PACKAGE / "faces",
        PACKAGE / kind.value,
    )
    files = [path for folder in folders for path in folder.glob("*.py")]
    files += [PACKAGE / "bench" / "launder.py", *PACKAGE.glob("training/*launder*.py")]
    files.remove(PACKAGE / "registry.py")  # a new line in the list changes no other detector
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()
