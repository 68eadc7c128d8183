"""`make bench`: measure speed and size here, against the targets, on media made here.

`--write` keeps the figures in the repository and writes README's table from them. Run it on
an idle machine: every figure is wall-clock time.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Final

from rich.console import Console

from deploy.benchmarks import kept, memory, samples
from deploy.benchmarks.kept import Figure, Run
from deploy.running import ASSAY, ROOT, Running
from tests import media, signing
from tests.sounds import speech_like

NAME: Final = "targets"
README: Final = ROOT / "README.md"
OPEN: Final = "<!-- speed: written by `make bench ARGS=--write` -->\n"
CLOSE: Final = "<!-- end of speed -->"

PHOTOS: Final = 30
SIGNED: Final = 600
UNSIGNED: Final = 6000
JUDGED: Final = 60
QUICK: Final = 600
COLD_STARTS: Final = 5
MIB: Final = 1024**2


def main() -> int:
    """Measure, print, and with --write keep the figures; 1 when a target is missed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the service ends with us
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its byte code
    write = kept.options(__doc__).parse_args().write
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        missed = kept.finish(NAME, _measure(Path(folder), Console(stderr=True)), write=write)
    if write:
        README.write_text(rewritten(README.read_text(), kept.read(NAME)))
    return missed


def rewritten(readme: str, found: Run) -> str:
    """README with its table of figures replaced."""
    before, _, rest = readme.partition(OPEN)
    _, _, after = rest.partition(CLOSE)
    return f"{before}{OPEN}{markdown(found)}{CLOSE}{after}"


def markdown(found: Run) -> str:
    """The figures as README shows them."""
    where = f"{found.cores} cores of {found.processor}, {found.measured_at:%Y-%m-%d}"
    rows = "".join(
        f"| {figure.what} | {figure.number(figure.value)} | {figure.sought} |\n"
        for figure in found.figures
    )
    return f"\n| what | measured | target |\n| --- | --- | --- |\n{rows}\nOn {where}.\n\n"


def _measure(folder: Path, console: Console) -> Iterator[Figure]:
    console.print("making media")
    authority = signing.Authority.create()
    environment = {**os.environ, "ASSAY_DATA_DIR": str(folder / "data")}
    photo = folder / "photo.jpg"
    photo.write_bytes(samples.photograph())
    (folder / "root.pem").write_text(authority.root_pem)
    _run(environment, "trust", "add", str(folder / "root.pem"))
    console.print("command line")
    yield from _command_line(environment, photo)
    console.print("audits")
    yield from _audits(folder, environment, authority)
    console.print("service")
    yield from _service(folder)


def _command_line(environment: dict[str, str], photo: Path) -> Iterator[Figure]:
    cases = (
        ("`assay --help`", ("--help",), 0.3),
        ("`assay check --only provenance`", ("check", "--only", "provenance", str(photo)), 0.6),
        ("`assay check`, 12-megapixel JPEG, cold start", ("check", str(photo)), 5.0),
    )
    for what, arguments, target in cases:
        best = min(_run(environment, *arguments) for _ in range(COLD_STARTS))
        yield Figure(what=what, value=best, target=target, unit="s")


def _audits(
    folder: Path, environment: dict[str, str], authority: signing.Authority
) -> Iterator[Figure]:
    plain = media.jpeg(media.photo_like(1024, 768))
    credential = authority.issue()
    actions = [signing.action(source_type=signing.CAPTURED)]
    signed, unsigned = folder / "signed", folder / "unsigned"
    for place in (signed, unsigned):
        place.mkdir()
    for index in range(UNSIGNED):
        (unsigned / f"{index}.jpg").write_bytes(plain + index.to_bytes(4, "big"))
    for index in range(SIGNED):
        (signed / f"{index}.jpg").write_bytes(signing.sign(plain, credential, actions=actions).data)
    size = f"{len(plain) // 1000} kB JPEGs, start-up included"
    for place, count, target in ((signed, SIGNED, 150), (unsigned, UNSIGNED, 1500)):
        out = str(folder / f"{place.name}.jsonl")
        took = _run(environment, "audit", str(place), "--only", "provenance", "--out", out)
        what = f"provenance audit of {place.name} {size}"
        yield Figure(what=what, value=count / took, target=target, unit="files/s", at_least=True)
    photo = media.jpeg(media.photograph(1024, 768))
    for name, count, more, target in (("full", JUDGED, (), 3), ("fast", QUICK, ("--fast",), 20)):
        place = folder / name
        place.mkdir()
        for index in range(count):
            (place / f"{index}.jpg").write_bytes(photo + index.to_bytes(4, "big"))
        out = str(folder / f"{name}.jsonl")
        took = _run(environment, "audit", str(place), *more, "--out", out)
        what = f"audit of photographs of 1024 x 768, {name} profile, start-up included"
        yield Figure(what=what, value=count / took, target=target, unit="files/s", at_least=True)


def _service(folder: Path) -> Iterator[Figure]:
    with Running(folder / "data") as service:
        service.wait_ready()
        times = []
        picture = samples.photograph()
        for index in range(PHOTOS):
            photo = folder / f"{index}.jpg"
            photo.write_bytes(picture + index.to_bytes(4, "big"))
            times.append(service.scanned(photo).seconds)
        cuts = quantiles(times[2:], n=20, method="inclusive")
        what = "12-megapixel JPEG, upload to report"
        yield Figure(what=f"{what}, median", value=cuts[9], target=1.0, unit="s")
        yield Figure(what=f"{what}, 95th percentile", value=cuts[18], target=2.0, unit="s")
        speech, film = folder / "speech.wav", folder / "film.mp4"
        speech.write_bytes(media.audio_bytes(speech_like(60.0, 3), "wav"))
        took = service.scanned(speech).seconds
        yield Figure(what="60 s of speech, upload to report", value=took, target=3.0, unit="s")
        film.write_bytes(samples.film())
        took = service.scanned(film).seconds
        what = "60 s of 1080p video with speech, upload to report"
        yield Figure(what=what, value=took, target=20.0, unit="s")
        yield from _sizes(service.pid)


def _sizes(supervisor: int) -> Iterator[Figure]:
    """Memory after all of the above."""
    for server in memory.of_servers(supervisor):
        yield _size("API process, resident", server, 200)
    for sender in memory.of_webhooks(supervisor):
        yield _size("worker of webhooks, resident", sender, 200)
    workers = memory.of_workers(supervisor)
    yield _size("both workers of scans with their children, resident", workers, 1500)


def _size(what: str, value: float, target: float) -> Figure:
    return Figure(what=what, value=value / MIB, target=target, unit="MB")


def _run(environment: dict[str, str], *arguments: str) -> float:
    """Seconds that one command takes, from start to end."""
    clock = time.perf_counter()
    done = subprocess.run([*ASSAY, *arguments], env=environment, capture_output=True, check=False)
    took = time.perf_counter() - clock
    if done.returncode not in (0, 1, 4):
        raise RuntimeError(f"assay {arguments[0]}: {done.stderr.decode()}")
    return took


if __name__ == "__main__":
    sys.exit(main())
