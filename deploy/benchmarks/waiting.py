"""What a photograph waits for behind films: `python -m deploy.benchmarks.waiting`.

A service of its own analyses a photograph of 12 megapixels by itself, several times, then three films
of 60 s are uploaded and right behind them, one after the other, the same number of photographs.
`--workers 1` shows how it is with one worker for everything.
"""

import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from deploy.benchmarks import kept, samples
from deploy.benchmarks.kept import Figure
from deploy.running import Running

PHOTOS: Final = 7
FILMS: Final = 3
MOST: Final = 1.5
"""Target: the time of a photograph behind films, beside that of one alone."""


def main() -> int:
    """Measure and print; 1 if the target is missed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the service ends with us
    parser = kept.options(__doc__)
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2)
    parser.add_argument("--lines", type=int, default=1080, help="of the films, 16:9")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-waiting-") as name:
        folder = Path(name)
        with Running(folder / "data", workers=asked.workers) as service:
            service.wait_ready()
            alone, behind, films = _measured(service, folder, asked.lines)
    what = "photograph of 12 megapixels, upload to report"
    figures = [
        Figure(what=f"{what}, alone, median", value=median(alone), unit="s"),
        Figure(
            what=f"{what}, behind {FILMS} films, median",
            value=median(behind),
            unit="s",
            target=MOST,
            beside=median(alone),
        ),
        Figure(
            what=f"{what}, behind {FILMS} films, longest",
            value=max(behind),
            unit="s",
            beside=max(alone),
        ),
        Figure(what="until all films had their reports", value=films, unit="s"),
    ]
    return kept.finish("waiting", figures, write=asked.write, beside="alone")


def _measured(service: Running, folder: Path, lines: int) -> tuple[list[float], list[float], float]:
    """Seconds of photographs alone and behind films, and of all the films together."""
    film = samples.film(lines)
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
    picture, number = samples.photograph(), 0
    while True:
        path = folder / f"{number}.jpg"
        path.write_bytes(picture + number.to_bytes(4, "big"))
        yield path
        number += 1


if __name__ == "__main__":
    sys.exit(main())
