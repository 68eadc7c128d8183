"""How fast provenance is read: `python -m deploy.benchmarks.provenance`.

Signed and unsigned photographs made on the spot, each with a full verdict and its SHA-256, in two
processes; with --collection also real files, as `provenance.conformance` takes them. Every figure
is the best of several short rounds. Beside it stands what the processor time alone would allow on
two idle cores: on a machine that does other work the first figure measures that work as well.
Then the memory of the sandboxed child that reads a signed video of one gigabyte.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.benchmarks import kept
from deploy.benchmarks.kept import Figure
from detectors.media.sandbox import Sandbox
from provenance.client import read_through
from provenance.conformance import rows, snapshot_of
from provenance.hashes import sha256
from provenance.read import Reader
from provenance.result import Integrity, TrustKind
from provenance.sign import Statement, sign_media
from provenance.trust import NO_TRUST, TrustSnapshot
from provenance.vocabulary import SourceType
from service.analysis.handlers import CREDENTIALS
from tests import media, signing
from tests.provenance.conftest import snapshot
from tests.timestamping import timestamp_server

PROCESSES: Final = 2
ROUNDS: Final = 5
SECONDS: Final = 1.0
"""About how long a round lasts on an idle machine."""

SIGNED, UNSIGNED, MEMORY = 250, 3000, 400
"""Targets: files a second, files a second, megabytes."""

GIGABYTE: Final = 1 << 30
Job = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rate:
    """Files a second: as measured, and as the processor time would allow on idle cores."""

    wall: float
    processor: float


def main() -> int:
    """Measure and print; 1 if the processor time alone misses a target, or memory does."""
    parser = kept.options(__doc__)
    parser.add_argument("--collection", type=Path, help="manifest.csv of real signed files")
    parser.add_argument("--trust", type=Path, default=Path(), help="folder with its trust lists")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        figures = tuple(_measured(Path(name), options))
    return kept.finish("provenance", figures, write=options.write)


def _measured(folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    for what, jobs, lists, target in (*_made(folder), *_real(options)):
        rate = _best(jobs, lists)
        yield Figure(what=f"{what}, by the clock", value=rate.wall, unit="files/s")
        yield Figure(
            what=f"{what}, by processor time",
            value=rate.processor,
            unit="files/s",
            target=target or None,
            at_least=True,
        )
    what = "child that reads a signed 1 GB video"
    yield Figure(what=what, value=_memory(folder), unit="MB", target=MEMORY)


def _made(folder: Path) -> Iterator[tuple[str, list[Job], TrustSnapshot, int]]:
    plain = media.jpeg(media.photo_like(1024, 768))
    authority, clock = signing.Authority.create(), signing.Authority.create("Clock")
    lists = snapshot((TrustKind.MANIFEST, authority.root_pem), (TrustKind.TSA, clock.root_pem))
    credential = authority.issue()
    taken = [signing.action(source_type=signing.CAPTURED)]
    with timestamp_server(clock.issue(usages=[signing.TIME_STAMPING])) as url:
        signed = signing.sign(plain, credential, actions=taken, timestamp_url=url).data
    size = f"{len(plain) // 1000} kB JPEGs"
    for name, data, target in (("signed", signed, SIGNED), ("unsigned", plain, UNSIGNED)):
        path = folder / f"{name}.jpg"
        path.write_bytes(data)
        yield f"{name} {size}", [(str(path), "image/jpeg")], lists, target


def _real(options: argparse.Namespace) -> Iterator[tuple[str, list[Job], TrustSnapshot, int]]:
    if options.collection is None:
        return
    lists = snapshot_of(options.trust, "state_official_eku")
    for wanted, name in (("yes", "signed"), ("no", "unsigned")):
        jobs = [
            (str(options.collection.parent / row["path"]), row["mime"])
            for row in rows(options.collection)
            if row["has_manifest"] == wanted
        ]
        yield f"{name} files of the collection, official lists", jobs, lists, 0


def _best(jobs: list[Job], lists: TrustSnapshot) -> Rate:
    """Measure rounds of the same files, as many as fill `SECONDS`."""
    with ProcessPoolExecutor(PROCESSES, initializer=_start, initargs=(lists,)) as pool:
        warm = [pool.submit(_read_all, jobs) for _ in range(PROCESSES * 2)]
        each = min(future.result() for future in warm) / len(jobs)
        bundle = jobs * max(1, round(SECONDS / each / len(jobs)))
        rates = []
        for _ in range(ROUNDS):
            clock = time.perf_counter()
            spent = sum(pool.map(_read_all, [bundle] * PROCESSES))
            wall, files = time.perf_counter() - clock, len(bundle) * PROCESSES
            rates.append(Rate(files / wall, files / (spent / PROCESSES)))
    return Rate(max(rate.wall for rate in rates), max(rate.processor for rate in rates))


_READER: list[Reader] = []


def _start(lists: TrustSnapshot) -> None:
    _READER[:] = [Reader(lists)]


def _read_all(jobs: list[Job]) -> float:
    """Seconds of processor time, all threads together."""
    spent = time.process_time()
    for path, media_type in jobs:
        with Path(path).open("rb") as file:
            sha256(file)
            _READER[0].read(file, media_type=media_type)
    return time.process_time() - spent


def _memory(folder: Path) -> float:
    """Most resident megabytes of a child, its imports included."""
    video = folder / "video.mp4"
    _gigabyte(folder / "plain.mp4", video)
    with Sandbox(handler=CREDENTIALS) as sandbox, video.open("rb") as file:
        found = read_through(
            lambda request: sandbox.call(request, file, seconds=120).body,
            media_type="video/mp4",
            snapshot=NO_TRUST,
        )
        if found.integrity is not Integrity.INTACT:
            raise RuntimeError(f"the video is {found.integrity}: {found.integrity_explanation}")
        return max(map(_peak, _children()))


def _gigabyte(plain: Path, signed: Path) -> None:
    """A film with a gigabyte of empty media data behind it, signed."""
    with plain.open("wb") as file:
        file.write(media.video_with_sound("mp4", 0.5))
        file.write((1).to_bytes(4, "big") + b"mdat" + (GIGABYTE + 16).to_bytes(8, "big"))
        file.truncate(file.tell() + GIGABYTE)
    credential = signing.Authority.create().issue()
    with plain.open("rb") as source, signed.open("w+b") as target:
        sign_media(
            source,
            target,
            Statement(title="film", source_type=SourceType.DIGITAL_CAPTURE),
            media_type="video/mp4",
            chain_pem=credential.chain_pem,
            key_pem=credential.key_pem,
        )
    plain.unlink()


def _children() -> list[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text().split()]


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.exit(main())
