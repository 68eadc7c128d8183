"""The detectors' cost against an older build, here and now: `make bench-against-judging`.

Both builds analyse the same media with the same environment, turn by turn: an audit of photographs,
an hour of speech on the command line, then photographs of 12 megapixels and a film through the
service. Pictures are made here unless folders of real ones are named; of made ones too little is
certain for the detector to stop after two looks, which most photographs allow. Run it on an idle
machine.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from deploy.benchmarks import kept, memory, older, samples
from deploy.benchmarks.kept import Figure
from deploy.running import ROOT, Running
from tests import media
from tests.sounds import speech_like

PICTURES: Final = 60
PHOTOS: Final = 12
FILMS: Final = 3
MIB: Final = 1024**2


def main() -> int:
    """Measure and print; 1 if a ratio is missed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the services end with us
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its byte code
    parser = kept.options(__doc__)
    parser.add_argument("--commit", default=older.COMMIT)
    parser.add_argument("--minutes", type=int, default=60, help="of speech")
    parser.add_argument("--pictures", type=Path, help="folder of photographs of about 1024 x 768")
    parser.add_argument("--photos", type=Path, help="folder of JPEGs of about 12 megapixels")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="assay-judging-") as name,
        older.tree(asked.commit) as then,
    ):
        figures = tuple(_measured(Path(name), then, asked))
    return kept.finish("judging", figures, write=asked.write, beside=asked.commit)


def _measured(folder: Path, then: Path, asked: argparse.Namespace) -> Iterator[Figure]:
    small = media.jpeg(media.photograph(1024, 768), 92)
    pictures = _absolute(asked.pictures) or _copies(folder / "pictures", small, PICTURES)
    photos = _absolute(asked.photos) or _copies(folder / "photos", samples.photograph(), PHOTOS)
    count, minutes = len(list(pictures.iterdir())), asked.minutes
    speech = folder / "speech.wav"
    speech.write_bytes(media.audio_bytes(speech_like(60.0 * minutes, 3), "wav"))
    audits = _costs(folder, then, "audit", str(pictures), "--out", "-")
    what = "audit of photographs of 1024 x 768, full profile, start-up included"
    rates = [count / it.clock for it in audits]
    yield Figure(
        what=what, value=rates[1], unit="files/s", target=2.5, at_least=True, beside=rates[0]
    )
    heard = [it.processor for it in _costs(folder, then, "check", str(speech), "--json")]
    what = f"{minutes} minutes of speech, start-up included"
    yield Figure(what=what, value=heard[1], unit="CPU s", target=0.6, beside=heard[0])
    served = _served(folder, photos, then, workers=None), _served(folder, photos, ROOT, workers=2)
    names = (
        ("12-megapixel JPEG, upload to report, median", "s", 0.5),
        ("60 s of 1080p film with speech, upload to report, median", "s", 1.0),
        ("workers with their children, resident", "MB", 0.75),
    )
    for place, (what, unit, target) in enumerate(names):
        then_took, took = served[0][place], served[1][place]
        yield Figure(what=what, value=took, unit=unit, target=target, beside=then_took)


def _absolute(folder: Path | None) -> Path | None:
    """Each build runs in its own tree."""
    return folder and folder.resolve()


def _costs(folder: Path, then: Path, *arguments: str) -> list[older.Cost]:
    """Of one command of the older build and of this one."""
    return [older.cost(build, folder / f"data-{build.name}", *arguments) for build in (then, ROOT)]


def _copies(folder: Path, picture: bytes, count: int) -> Path:
    """A folder with so many of this JPEG, no two alike."""
    folder.mkdir()
    for index in range(count):
        (folder / f"{index}.jpg").write_bytes(picture + index.to_bytes(4, "big"))
    return folder


def _served(
    folder: Path, photographs: Path, build: Path, *, workers: int | None
) -> tuple[float, float, float]:
    """Seconds of a photograph, seconds of a film, and megabytes of the workers after them."""
    film = folder / "film.mp4"
    moving = samples.film()
    films = []
    with Running(folder / f"served-{workers}", workers=workers, tree=build) as service:
        service.wait_ready()
        photos = [service.scanned(photo).seconds for photo in sorted(photographs.iterdir())]
        for index in range(FILMS):
            film.write_bytes(moving + _free_box(index))
            films.append(service.scanned(film).seconds)
        held = memory.of_workers(service.pid) / MIB
    return median(photos[2:]), median(films), held


def _free_box(index: int) -> bytes:
    """An MP4 box without meaning, so that no two files are alike."""
    return (16).to_bytes(4, "big") + b"free" + index.to_bytes(8, "big")


if __name__ == "__main__":
    sys.exit(main())
