"""What a photograph waits for behind films: `python -m deploy.benchmark_waiting`.

A service of its own analyses a photograph of 12 megapixels by itself, several times, then three films
of 60 s are uploaded and right behind them, one after the other, the same number of photographs.
`--workers 1` shows how it is with one worker for everything.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from deploy.running import Running
from tests import media
from tests.sounds import speech_like

PHOTOS: Final = 7
FILMS: Final = 3
FILM_SECONDS: Final = 60
MOST: Final = 1.5
"""Target: the time of a photograph behind films, beside that of one alone."""


def main() -> int:
    """Measure and print; 1 if the target is missed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the service ends with us
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2)
    parser.add_argument("--lines", type=int, default=1080, help="of the films, 16:9")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-waiting-") as name:
        folder = Path(name)
        with Running(folder / "data", workers=asked.workers) as service:
            service.wait_ready()
            alone, behind, films = _measured(service, folder, asked.lines)
    ratio = median(behind) / median(alone)
    table = Table("a photograph of 12 megapixels, upload to report", "median", "longest", box=None)
    for what, times in (("alone", alone), (f"behind {FILMS} films", behind)):
        table.add_row(what, f"{median(times):.2f} s", f"{max(times):.2f} s")
    Console().print(table)
    Console().print(f"{ratio:.2f} times as long; all films had their reports after {films:.0f} s")
    if asked.out is not None:
        found = {
            "command": " ".join(["python -m deploy.benchmark_waiting", *sys.argv[1:]]),
            "alone_seconds": alone,
            "behind_films_seconds": behind,
            "ratio_of_medians": round(ratio, 2),
            "films_seconds": round(films, 1),
        }
        asked.out.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if ratio <= MOST else 1


def _measured(service: Running, folder: Path, lines: int) -> tuple[list[float], list[float], float]:
    """Seconds of photographs alone and behind films, and of all the films together."""
    film = media.video_bytes(
        seconds=FILM_SECONDS,
        width=lines * 16 // 9,
        height=lines,
        fps=24,
        shots=6,
        sound=speech_like(float(FILM_SECONDS), 4),
        real=True,
    )
    photos = _photos(folder)
    service.scanned(next(photos))  # the first one warms up
    alone = [round(service.scanned(next(photos)).seconds, 3) for _ in range(PHOTOS)]
    waiting, begun = [], time.perf_counter()
    for number in range(FILMS):
        path = folder / f"{number}.mp4"
        path.write_bytes(film + number.to_bytes(4, "big"))
        waiting.append(service.upload(path)["id"])
    behind = [round(service.scanned(next(photos)).seconds, 3) for _ in range(PHOTOS)]
    ended = [service.finished(scan, 1800, every=0.2) for scan in waiting]
    if any(scan["state"] != "done" for scan in ended):
        raise RuntimeError(f"a film has no report: {ended}")
    return alone, behind, time.perf_counter() - begun


def _photos(folder: Path) -> Iterator[Path]:
    """As many as are asked for, no two alike."""
    picture, number = media.jpeg(media.photograph(4000, 3000), 92), 0
    while True:
        path = folder / f"{number}.jpg"
        path.write_bytes(picture + number.to_bytes(4, "big"))
        yield path
        number += 1


if __name__ == "__main__":
    sys.exit(main())
