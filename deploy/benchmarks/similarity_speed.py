"""How fast a large index of known media is searched: `python -m deploy.benchmarks.similarity_speed`.

Fills an index with made entries: views of made pictures, under words drawn at random. Words of
real pictures are far from equally common, so neither are these: popularity is log-normal, as wide
as makes two words of different pictures meet as often as they did among 2,593 photographs and
generated pictures (2.1 times in a million), and the words of the pictures that are looked up are
as popular as words that occur. Then copies of entries, and pictures that are in no entry, are
looked up.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from provenance.similarity.pictures import CENTRES, POINTS
from provenance.similarity.result import Original
from provenance.similarity.search import (
    NEAREST,
    STORED_WORDS,
    Index,
    Media,
    Prepared,
    fingerprint_of,
    prepare,
)
from tests.media import photo_like

TENANT: Final = "default"
SPREAD: Final = 1.9
"""Standard deviation of the logarithm of a word's popularity."""

BATCH: Final = 250_000
WANTED: Final = 40  # pictures that are looked up of each sort
FILLERS: Final = 20  # pictures that all other entries have the views of

_Ints = npt.NDArray[np.int64]
_NOW: Final = datetime.now(UTC)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--entries", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, help="keep the index here for another run")
    asked = arguments.parse_args()
    known, unknown, fillers = pictures(0, WANTED), pictures(100, WANTED), pictures(200, FILLERS)
    with tempfile.TemporaryDirectory() as temporary:
        index = Index(asked.folder or Path(temporary))
        if not index.store.exists:
            clock = time.perf_counter()
            fill(index, asked.entries, known, unknown, fillers)
            say(f"filled in {time.perf_counter() - clock:.0f} s")
        size = sum(path.stat().st_size for path in index.store.path.parent.iterdir())
        say(f"{asked.entries:,} entries, {size / 1e9:.1f} GB")
        copies = pictures(0, WANTED, cropped=20)
        for name, wanted, found in (("copies", copies, 1), ("others", unknown, 0)):
            for run in ("first", "second"):
                busy = time.process_time()
                times = [_timed(index, picture, found) for picture in wanted]
                busy = (time.process_time() - busy) / len(wanted)
                low, high = np.percentile(times, [50, 95])
                say(
                    f"{name}, {run} run: median {low * 1e3:.1f} ms, 95 % below {high * 1e3:.1f} ms,"
                    f" {busy * 1e3:.1f} ms of processor time"
                )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def pictures(first: int, count: int, *, cropped: int = 0) -> list[Prepared]:
    """Described made pictures, `cropped` pixels cut off each side."""
    kept = slice(cropped, -cropped or None)
    made = (photo_like(640, 480, seed=first + number)[kept, kept] for number in range(count))
    return [
        prepare(Media(pictures=item[None], width=item.shape[1], height=item.shape[0]))
        for item in made
    ]


def fill(
    index: Index,
    entries: int,
    known: Sequence[Prepared],
    unknown: Sequence[Prepared],
    fillers: Sequence[Prepared],
) -> None:
    """Add the known pictures as usual, then rows for all other entries at once."""
    for number, picture in enumerate(known):
        index.add(picture, _original(number), tenant=TENANT)
    rng = np.random.default_rng(1)
    chances = np.cumsum(_popularity(rng, (*known, *unknown)))
    rows = [fingerprint_of(picture).views[0] for picture in fillers]
    first = len(known)
    with index.store.transaction() as db:
        for start in range(first, entries, BATCH):
            numbers = range(start, min(entries, start + BATCH))
            db.executemany(
                "INSERT INTO entries (id, space, sha256, name, kind, media_type, width, height,"
                " added_at) VALUES (?, 1, ?, ?, 'image', 'image/jpeg', 640, 480, ?)",
                ((n + 1, f"{n:064x}", f"{n}.jpg", _NOW.isoformat()) for n in numbers),
            )
            db.executemany(
                "INSERT INTO views (id, entry, width, height, points, codes, pdq, small, words)"
                " VALUES (?,?,?,?,?,?,?,?,x'')",
                (
                    (n + 1, n + 1, row.width, row.height, row.points, row.codes, row.pdq, row.small)
                    for n in numbers
                    for row in (rows[n % len(rows)],)
                ),
            )
        count = (entries - first) * STORED_WORDS
        words = np.searchsorted(chances, rng.random(count) * chances[-1])
        views = np.repeat(np.arange(first + 1, entries + 1), STORED_WORDS)
        order = np.lexsort((views, words))
        statement = "INSERT OR IGNORE INTO words VALUES (1, ?, ?)"
        db.executemany(statement, _pairs(words[order], views[order]))


def _popularity(rng: np.random.Generator, wanted: Sequence[Prepared]) -> npt.NDArray[np.float64]:
    """A weight for every word; those of wanted pictures are as common as words that occur."""
    weights = rng.lognormal(0, SPREAD, CENTRES * CENTRES)
    chances = np.cumsum(weights)
    described = [item for picture in wanted for item in picture.described if item is not None]
    words = np.unique(
        np.concatenate(
            [view.words(POINTS, NEAREST) for item in described for view in (item, item.mirrored())]
        )
    )
    occurring = np.searchsorted(chances, rng.random(2 * len(words)) * chances[-1])
    drawn = rng.permutation(np.unique(occurring))[: len(words)]
    words = words[: len(drawn)]
    weights[words], weights[drawn] = weights[drawn], weights[words]
    return weights


def _pairs(words: _Ints, views: _Ints) -> Iterator[tuple[int, int]]:
    for start in range(0, len(words), BATCH):
        part = slice(start, start + BATCH)
        yield from zip(words[part].tolist(), views[part].tolist(), strict=True)


def _original(number: int) -> Original:
    return Original(
        sha256=f"{number:064x}",
        name=f"{number}.jpg",
        kind="image",
        media_type="image/jpeg",
        width=640,
        height=480,
        added_at=_NOW,
    )


def _timed(index: Index, picture: Prepared, expected: int) -> float:
    """Seconds that one look-up takes, describing excluded."""
    clock = time.perf_counter()
    found = index.search(picture, "f" * 64, tenant=TENANT)
    seconds = time.perf_counter() - clock
    if len(found) != expected:
        say(f"expected {expected} original, found {len(found)}")
    return seconds


if __name__ == "__main__":
    main()
