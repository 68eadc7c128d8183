"""The index on disk: one SQLite file that any number of processes may read while one writes.

An entry is an original. It has views (one for a picture, one for each sampled moment of a film),
words that lead to views, and landmarks of its sound. Words and landmarks are rows of two covering
tables ordered by word, so a look-up reads a few hundred short runs of rows and nothing else.
Everything belongs to a space: one tenant under one version of the descriptors, so that entries of
another version are kept but never compared.

Every entry has holders, the reasons why it is kept: the operator, or a scan. When the last one
lets go the entry is deleted with all that belongs to it.

Here are numbers and bytes only: this module loads no numpy, so that the web process can use it.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from provenance.errors import IndexDamaged
from provenance.similarity.result import Original
from provenance.similarity.rows import (
    ORIGINALS,
    Fingerprint,
    Stats,
    ViewRow,
    delete_entry,
    insert_entry,
    prepare_file,
    read_original,
)

FILE: Final = "similarity.db"
OPERATOR: Final = "operator"
"""The holder of what somebody added by hand."""

COMMON: Final = 400
"""A word with more rows than this tells too little and is left out of a look-up."""

_ENTRY_OF: Final = "SELECT id FROM entries WHERE space=? AND sha256=?"
_BUSY_SECONDS: Final = 30.0


class IndexStore:
    """One index file. Thread-safe; each thread has a connection of its own."""

    def __init__(self, folder: Path, *, descriptor: str) -> None:
        """`descriptor` names the version of the descriptors that this program makes."""
        self.path = folder / FILE
        self._descriptor = descriptor
        self._local = threading.local()

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    def add(
        self,
        original: Original,
        fingerprint: Fingerprint,
        *,
        tenant: str,
        holder: str = OPERATOR,
    ) -> bool:
        """Add an entry, at once or not at all; False if its content is in the index already.

        Either way `holder` holds it afterwards. Raises `IndexDamaged`.
        """
        with self.transaction() as db:
            space = self._space(db, tenant)
            row = db.execute(_ENTRY_OF, (space, original.sha256)).fetchone()
            entry = row[0] if row else insert_entry(db, space, original, fingerprint)
            db.execute("INSERT OR IGNORE INTO holders VALUES (?, ?)", (holder, entry))
            return row is None

    def remove(self, sha256: str, *, tenant: str) -> int:
        """Delete the entries whose hash begins so, whoever holds them, and say how many."""
        with self.transaction() as db:
            found = [
                row[0]
                for row in db.execute(
                    "SELECT e.id FROM entries e JOIN spaces s ON s.id = e.space"
                    " WHERE s.tenant=? AND substr(e.sha256, 1, ?)=?",
                    (tenant, len(sha256), sha256),
                )
            ]
            for entry in found:
                delete_entry(db, entry)
        self._scrub()
        return len(found)

    def release(self, holders: Iterable[str]) -> int:
        """Let go of what these hold; what nobody else holds is deleted. Says how many were."""
        names = tuple(holders)
        if not self.exists or not names:
            return 0
        with self.transaction() as db:
            held = {
                row[0]
                for name in names
                for row in db.execute("SELECT entry FROM holders WHERE holder=?", (name,))
            }
            db.executemany("DELETE FROM holders WHERE holder=?", [(name,) for name in names])
            freed = [
                entry
                for entry in held
                if not db.execute("SELECT 1 FROM holders WHERE entry=?", (entry,)).fetchone()
            ]
            for entry in freed:
                delete_entry(db, entry)
        self._scrub()
        return len(freed)

    def holders(self) -> list[str]:
        """Everybody who holds something."""
        if not self.exists:
            return []
        with self._reading() as db:
            return [row[0] for row in db.execute("SELECT DISTINCT holder FROM holders")]

    def find(self, sha256: str, *, tenant: str) -> Original | None:
        """The entry of exactly this content, of the current descriptors."""
        with self._reading() as db:
            row = db.execute(
                ORIGINALS + "space=? AND sha256=?",
                (self._known(db, tenant), sha256),
            ).fetchone()
            return read_original(row) if row else None

    def entries(self, *, tenant: str) -> Iterator[Original]:
        """Every entry of any descriptors, in the order they were added."""
        with self._reading() as db:
            spaces = db.execute("SELECT id FROM spaces WHERE tenant=?", (tenant,)).fetchall()
            for space in spaces:
                yield from map(read_original, db.execute(ORIGINALS + "space=? ORDER BY id", space))

    def views_of_words(self, words: Iterable[int], *, tenant: str) -> list[int]:
        """The views that each of these words leads to: a view comes once for each of its words."""
        found: list[int] = []
        with self._reading() as db:
            space = self._known(db, tenant)
            for word in words:
                rows = db.execute(
                    "SELECT view FROM words WHERE space=? AND word=? LIMIT ?",
                    (space, word, COMMON + 1),
                ).fetchall()
                if len(rows) <= COMMON:
                    found.extend(row[0] for row in rows)
        return found

    def landmarks(self, marks: Iterable[int], *, tenant: str) -> list[list[tuple[int, int]]]:
        """For each mark the (entry, frame) pairs that have it; empty for a mark too common."""
        with self._reading() as db:
            space = self._known(db, tenant)
            found = []
            for mark in marks:
                rows = db.execute(
                    "SELECT entry, at FROM landmarks WHERE space=? AND mark=? LIMIT ?",
                    (space, mark, COMMON + 1),
                ).fetchall()
                found.append(rows if len(rows) <= COMMON else [])
            return found

    def views(self, numbers: Sequence[int]) -> list[tuple[int, ViewRow]]:
        """These views, each with the number of its entry, in this order; one deleted is left out."""
        found = []
        with self._reading() as db:
            for number in numbers:
                row = db.execute(
                    "SELECT entry, at, width, height, points, codes, pdq, small FROM views"
                    " WHERE id=?",
                    (number,),
                ).fetchone()
                if row:
                    names = ("at", "width", "height", "points", "codes", "pdq", "small")
                    found.append((row[0], ViewRow(**dict(zip(names, row[1:], strict=True)))))
        return found

    def original(self, entry: int) -> Original | None:
        """One entry; None when it was deleted meanwhile."""
        with self._reading() as db:
            row = db.execute(
                ORIGINALS + "id=?",
                (entry,),
            ).fetchone()
            return read_original(row) if row else None

    def stats(self, *, tenant: str) -> Stats:
        with self._reading() as db:
            known = self._known(db, tenant)
            kinds = dict(
                db.execute(
                    "SELECT kind, count(*) FROM entries WHERE space=? GROUP BY kind", (known,)
                )
            )
            (views,) = db.execute(
                "SELECT count(*) FROM views v JOIN entries e ON e.id=v.entry WHERE e.space=?",
                (known,),
            ).fetchone()
            (outdated,) = db.execute(
                "SELECT count(*) FROM entries e JOIN spaces s ON s.id=e.space"
                " WHERE s.tenant=? AND s.id<>?",
                (tenant, known),
            ).fetchone()
            signed = sum(
                1
                for item in self.entries(tenant=tenant)
                if item.provenance is not None and item.provenance.signer is not None
            )
        size = sum(path.stat().st_size for path in self.path.parent.glob(f"{FILE}*"))
        return Stats(
            entries=sum(kinds.values()),
            by_kind=kinds,
            views=views,
            signed=signed,
            outdated=outdated,
            bytes=size,
        )

    def _scrub(self) -> None:
        """Let nothing that was deleted lie on in the log of writes, unless somebody reads now."""
        with self._reading() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _known(self, db: sqlite3.Connection, tenant: str) -> int:
        row = db.execute(
            "SELECT id FROM spaces WHERE tenant=? AND descriptor=?", (tenant, self._descriptor)
        ).fetchone()
        return int(row[0]) if row else -1

    def _space(self, db: sqlite3.Connection, tenant: str) -> int:
        db.execute(
            "INSERT OR IGNORE INTO spaces (tenant, descriptor) VALUES (?, ?)",
            (tenant, self._descriptor),
        )
        return self._known(db, tenant)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write to the tables of `rows`, all of it or nothing. Raises `IndexDamaged`."""
        with self._reading(create=True) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection(create=create)
        except sqlite3.Error as error:
            raise IndexDamaged(f"the index at {self.path} cannot be used: {error}") from error

    def _connection(self, *, create: bool) -> sqlite3.Connection:
        """This thread's connection, opened anew when the file was replaced."""
        if create:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        opened: tuple[int, sqlite3.Connection] | None = getattr(self._local, "opened", None)
        if opened is not None:
            if self.exists and self.path.stat().st_ino == opened[0]:
                return opened[1]
            opened[1].close()
        uri = f"{self.path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        db = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            prepare_file(db)
        except BaseException:
            db.close()
            raise
        self._local.opened = self.path.stat().st_ino, db
        return db
