"""The tables of the index: their rows, how entries are written to them, and how they are deleted."""

import sqlite3
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.result import Provenance
from provenance.similarity.result import Original

LAYOUT: Final = 1
"""Version of the tables, kept in the file."""

ORIGINALS: Final = (
    "SELECT sha256, name, kind, media_type, width, height, seconds, added_at, provenance"
    " FROM entries WHERE "
)
"""What `read_original` reads."""

_MAPPED: Final = 1 << 36  # bytes of the file that may be mapped instead of copied
_SCHEMA: Final = """
CREATE TABLE spaces (
  id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, descriptor TEXT NOT NULL,
  UNIQUE (tenant, descriptor));
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, space INTEGER NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL,
  kind TEXT NOT NULL, media_type TEXT NOT NULL, width INTEGER, height INTEGER, seconds REAL,
  added_at TEXT NOT NULL, provenance BLOB, UNIQUE (space, sha256));
CREATE TABLE holders (
  holder TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (holder, entry)) WITHOUT ROWID;
CREATE INDEX holders_of ON holders (entry);
CREATE TABLE views (
  id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, at REAL, width INTEGER NOT NULL,
  height INTEGER NOT NULL, points BLOB NOT NULL, codes BLOB NOT NULL, pdq BLOB, small BLOB NOT NULL,
  words BLOB NOT NULL);
CREATE INDEX views_of ON views (entry);
CREATE TABLE words (
  space INTEGER NOT NULL, word INTEGER NOT NULL, view INTEGER NOT NULL,
  PRIMARY KEY (space, word, view)) WITHOUT ROWID;
CREATE TABLE landmarks (
  space INTEGER NOT NULL, mark INTEGER NOT NULL, entry INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (space, mark, entry, at)) WITHOUT ROWID;
CREATE TABLE sounds (entry INTEGER PRIMARY KEY, marks BLOB NOT NULL, frames BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """A view as it is stored, with the words that lead to it."""

    at: float | None  # seconds into a film
    width: int
    height: int
    points: bytes
    codes: bytes
    pdq: bytes | None
    small: bytes
    words: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """All that is compared of one file. `landmarks`: (mark, frame number) pairs of its sound."""

    views: tuple[ViewRow, ...] = ()
    landmarks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What an index holds, of one tenant."""

    entries: int
    by_kind: dict[str, int]
    views: int
    signed: int
    outdated: int
    bytes: int


def prepare_file(db: sqlite3.Connection) -> None:
    """Set a connection up, and make the tables of a new file."""
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten in the file
    db.execute(f"PRAGMA mmap_size={_MAPPED}")
    (layout,) = db.execute("PRAGMA user_version").fetchone()
    if layout == 0:
        db.execute("BEGIN IMMEDIATE")
        if db.execute("PRAGMA user_version").fetchone() == (0,):
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={LAYOUT}")
        db.execute("COMMIT")
    elif layout != LAYOUT:
        raise sqlite3.DatabaseError(f"its layout is {layout}, this version reads {LAYOUT}")


def insert_entry(
    db: sqlite3.Connection, space: int, original: Original, fingerprint: Fingerprint
) -> int:
    provenance = original.provenance
    packed = zlib.compress(provenance.model_dump_json().encode()) if provenance else None
    entry = db.execute(
        "INSERT INTO entries (space, sha256, name, kind, media_type, width, height, seconds,"
        " added_at, provenance) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            space,
            original.sha256,
            original.name,
            original.kind,
            original.media_type,
            original.width,
            original.height,
            original.seconds,
            original.added_at.isoformat(),
            packed,
        ),
    ).lastrowid
    if entry is None:
        raise sqlite3.DatabaseError("no row was inserted")
    for view in fingerprint.views:
        number = db.execute(
            "INSERT INTO views (entry, at, width, height, points, codes, pdq, small, words)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (
                entry,
                view.at,
                view.width,
                view.height,
                view.points,
                view.codes,
                view.pdq,
                view.small,
                array("q", view.words).tobytes(),
            ),
        ).lastrowid
        rows = ((space, word, number) for word in view.words)
        db.executemany("INSERT OR IGNORE INTO words VALUES (?,?,?)", rows)
    if fingerprint.landmarks:
        marks, frames = zip(*fingerprint.landmarks, strict=True)
        blobs = array("q", marks).tobytes(), array("q", frames).tobytes()
        db.execute("INSERT INTO sounds VALUES (?,?,?)", (entry, *blobs))
        db.executemany(
            "INSERT OR IGNORE INTO landmarks VALUES (?,?,?,?)",
            ((space, mark, entry, frame) for mark, frame in fingerprint.landmarks),
        )
    return entry


def delete_entry(db: sqlite3.Connection, entry: int) -> None:
    """Delete an entry and every row that leads to it."""
    (space,) = db.execute("SELECT space FROM entries WHERE id=?", (entry,)).fetchone()
    for number, words in db.execute(
        "SELECT id, words FROM views WHERE entry=?", (entry,)
    ).fetchall():
        rows = ((space, word, number) for word in _unpacked(words))
        db.executemany("DELETE FROM words WHERE space=? AND word=? AND view=?", rows)
    for marks, frames in db.execute("SELECT marks, frames FROM sounds WHERE entry=?", (entry,)):
        pairs = zip(_unpacked(marks), _unpacked(frames), strict=True)
        db.executemany(
            "DELETE FROM landmarks WHERE space=? AND mark=? AND entry=? AND at=?",
            [(space, mark, entry, frame) for mark, frame in pairs],
        )
    for statement in (
        "DELETE FROM views WHERE entry=?",
        "DELETE FROM sounds WHERE entry=?",
        "DELETE FROM holders WHERE entry=?",
        "DELETE FROM entries WHERE id=?",
    ):
        db.execute(statement, (entry,))


def _unpacked(blob: bytes) -> "array[int]":
    values = array("q")
    values.frombytes(blob)
    return values


def read_original(row: Sequence[Any]) -> Original:
    """Raises `sqlite3.DatabaseError` for a row that no version of this module wrote."""
    names = ("sha256", "name", "kind", "media_type", "width", "height", "seconds", "added_at")
    fields = dict(zip(names, row, strict=False))
    try:
        return Original(
            **fields,
            provenance=Provenance.model_validate_json(zlib.decompress(row[8])) if row[8] else None,
        )
    except (ValueError, zlib.error) as error:
        raise sqlite3.DatabaseError(f"an entry cannot be read: {error}") from error
