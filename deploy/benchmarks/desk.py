"""What the desk's pages take with 10,000 reports on SQLite: `python -m deploy.benchmarks.desk`.

The archive is made by the product (`deploy.benchmarks.desk_archive`) in some minutes, or taken from `--keep` if it
was left there before. Then `assay serve` shows it: each page is asked for over one HTTP connection
until it is warm, then `--times` times, from the request to the last byte. The report of a photograph is opened in
Chromium with an empty cache. Run it on an idle machine.
"""

import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from urllib.parse import quote

from rich.console import Console

from deploy.benchmarks import kept, samples
from deploy.benchmarks.desk_archive import fill
from deploy.benchmarks.kept import Figure
from deploy.running import Running
from service.settings import Settings
from tests.e2e.chromium import chromium

MANY: Final = 10_000
WARM: Final = 3
LIST_MS: Final = 200.0
PAINT_MS: Final = 300.0
REPORT_BYTES: Final = 300_000
"""Targets: a page of the list, the report's first contentful paint, and what it loads."""

_FURTHER: Final = re.compile(r'href="[^"]*(/scans\?[^"]*cursor=[^"]+)"')
_THUMBNAIL: Final = re.compile(r'src="([^"]+/thumbnail)"')
_PERSON: Final = re.compile(r'value="(account:[^"]+)"')
_PAINTED: Final = """
const painted = performance.getEntriesByName("first-contentful-paint");
const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
return painted.length ? [painted[0].startTime, loaded.reduce((sum, it) => sum + it.transferSize, 0)] : null;
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one page, asked for several times."""

    page: str
    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        return quantiles(self.milliseconds, n=20, method="inclusive")[-1]


class Reader:
    """One connection to a service that stays open, as a browser keeps it."""

    def __init__(self, address: str, times: int) -> None:
        self._connection = HTTPConnection(address.removeprefix("http://"), timeout=60)
        self._times = times

    def read(self, path: str) -> str:
        """The page as text. Raises `RuntimeError` unless it is answered with 200."""
        self._connection.request("GET", path, headers={"Accept": "text/html,*/*"})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return body.decode(errors="replace")

    def timed(self, name: str, *paths: str) -> Timed:
        """Ask for these in turn, until each came as often as wanted."""
        for path in paths * WARM:
            self.read(path)
        took = []
        for path in paths * max(1, self._times // len(paths)):
            begun = time.perf_counter()
            self.read(path)
            took.append(1000 * (time.perf_counter() - begun))
        return Timed(name, tuple(took))


def main() -> int:
    """Measure and print; 1 if a target is missed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the service ends with us
    parser = kept.options(__doc__)
    parser.add_argument("--scans", type=int, default=MANY)
    parser.add_argument("--times", type=int, default=40, help="that each page is asked for")
    parser.add_argument("--keep", type=Path, help="folder of an archive that stays, made if empty")
    asked = parser.parse_args()
    place = nullcontext(asked.keep) if asked.keep else tempfile.TemporaryDirectory("-assay-desk")
    with place as name:
        data = Path(name) / "data"
        if not (data / "assay.db").exists():
            begun = time.perf_counter()
            fill(Settings(data_dir=data), asked.scans)
            Console().print(f"{asked.scans} scans made in {time.perf_counter() - begun:.0f} s")
        with Running(data, {"ASSAY_OPEN": "true"}, workers=1) as service:
            service.wait_ready()
            reader = Reader(service.address, asked.times)
            pages = tuple(_lists(reader))
            photo = Path(name) / "photo.jpg"
            photo.write_bytes(samples.photograph())
            scan = service.scanned(photo).scan["id"]
            pages += (reader.timed("report of a photograph, its HTML", f"/scans/{scan}"),)
            paints, loaded = _painted(f"{service.address}/scans/{scan}", asked.times // 4)
    return kept.finish("desk", _figures(pages, paints, loaded), write=asked.write)


def _figures(pages: tuple[Timed, ...], paints: tuple[float, ...], loaded: int) -> Iterator[Figure]:
    for it in pages:
        yield Figure(what=f"{it.page}, median", value=it.median, unit="ms")
        yield Figure(what=f"{it.page}, p95", value=it.p95, unit="ms", target=LIST_MS)
    paint = Timed("report of a photograph, first contentful paint", paints)
    yield Figure(what=f"{paint.page}, median", value=paint.median, unit="ms")
    yield Figure(what=f"{paint.page}, p95", value=paint.p95, unit="ms", target=PAINT_MS)
    what = "report of a photograph, bytes that it loads"
    yield Figure(what=what, value=loaded / 1000, unit="KB", target=REPORT_BYTES / 1000)


def _lists(reader: Reader) -> Iterator[Timed]:
    """Every way to ask for the list, and the pictures of its first page."""
    first = reader.read("/scans")
    yield reader.timed("first page", "/scans")
    for sort in ("newest", "oldest", "name", "largest"):
        *_, before, last = _walk(reader, f"/scans?sort={sort}")
        yield reader.timed(f"sort={sort}: first page", f"/scans?sort={sort}")
        yield reader.timed(f"sort={sort}: last but one page", before)
        yield reader.timed(f"sort={sort}: last page", last)
    person = quote(_PERSON.findall(first)[0])
    for query in (
        *("q=harbour", "q=harbour+08884", "q=Zoë+original", "q=STRASSE", "q=straße+juni"),
        *("q=nowhere+to+be+found", "q=called+source+item+9992", "q=00000000"),
        *("verdict=declared_ai", "verdict=verified_capture", "kind=video", "action=review"),
        *("state=done", "state=failed", "reviewed=true", "reviewed=false"),
        *(f"sender={person}", f"assignee={person}", "reference=desk-300"),
        *("since=2020-01-01", "until=2020-01-01"),
        *("q=harbour&kind=image&reviewed=true&sort=largest", "q=nowhere&sort=name"),
    ):
        yield reader.timed(query, f"/scans?{quote(query, safe='=&+%')}")
    yield reader.timed("a picture of the list", *_THUMBNAIL.findall(first)[:20])


def _walk(reader: Reader, path: str) -> Iterator[str]:
    """The addresses of all pages of a list."""
    further: str | None = path
    while further is not None:
        yield further
        found = _FURTHER.search(reader.read(further))
        further = found[1].replace("&amp;", "&") if found else None


def _painted(address: str, times: int) -> tuple[tuple[float, ...], int]:
    """Milliseconds to the first contentful paint, and bytes that the page loads from its host."""
    paints, loaded = [], 0
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
        browser.execute_cdp_cmd("Network.enable", {})
        browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        for number in range(WARM + max(2, times)):
            browser.get(address)
            time.sleep(0.5)
            painted = browser.execute_script(_PAINTED)
            if painted is None:
                raise RuntimeError("nothing was painted")
            if number >= WARM:
                paints.append(float(painted[0]))
                loaded = max(loaded, int(painted[1]))
    return tuple(paints), loaded


if __name__ == "__main__":
    sys.exit(main())
