"""What a file costs in archives of every size: `python -m deploy.benchmarks.audit_scale`.

Makes folders of tiny JPEGs, no two alike and a thousand to a folder, audits each with a program of
its own, provenance alone, and prints what a file costs beyond starting and ending, which an audit of
sixteen files shows, and the most memory the program took. Processor time is that of the program and
its children together: other work on the machine disturbs it less. A million: `--files 1000000`.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from deploy.benchmarks import kept
from deploy.benchmarks.kept import Figure

SIZES: Final = (1_000, 10_000, 100_000)
FEW: Final = 16
EACH_FOLDER: Final = 1_000
MOST: Final = 1.2
"""Target: what a file costs, and memory, beside the fewest files."""


def main() -> None:
    arguments = kept.options(__doc__)
    arguments.add_argument("--files", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--jobs", type=int, default=2)
    asked = arguments.parse_args()
    sys.exit(
        kept.finish(
            "audit_scale", _measured(asked.files, asked.jobs), write=asked.write, beside="fewest"
        )
    )


def _measured(sizes: Sequence[int], jobs: int) -> Iterator[Figure]:
    idle = cost_of(FEW, jobs)
    fewest: tuple[float, float] | None = None
    for count in sizes:
        found = cost_of(count, jobs)
        each = 1000 * (found.processor - idle.processor) / (count - FEW)
        beside = fewest or (None, None)
        target = None if fewest is None else MOST
        yield Figure(
            what=f"processor time of each of {count:,} files",
            value=each,
            unit="ms",
            target=target,
            beside=beside[0],
        )
        yield Figure(
            what=f"most memory for {count:,} files",
            value=found.megabytes,
            unit="MB",
            target=target,
            beside=beside[1],
        )
        fewest = fewest or (each, found.megabytes)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one audit: seconds by the clock and of processors, and the most memory of its program."""

    clock: float
    processor: float
    megabytes: float


def cost_of(count: int, jobs: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "archive", count)
        return audited(Path(folder), jobs)


def fill(archive: Path, count: int) -> None:
    """Write so many JPEGs, each with a number behind its last marker."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "grey").save(buffer, "JPEG")
    for number in range(count):
        folder = archive / f"{number // EACH_FOLDER:05}"
        if number % EACH_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"{number:08}.jpg").write_bytes(buffer.getvalue() + str(number).encode())


def audited(folder: Path, jobs: int) -> Cost:
    """What one audit takes, start and end included."""
    command = [sys.executable, "-m", "service.cli", "audit", str(folder / "archive")]
    command += ["--only", "provenance", "--jobs", str(jobs), "--quiet"]
    command += ["--out", str(folder / "audit.jsonl"), "--html", str(folder / "audit.html")]
    clock = time.perf_counter()
    running = subprocess.Popen(command, env={**os.environ, "ASSAY_DATA_DIR": str(folder / "data")})
    _, status, used = os.wait4(running.pid, 0)
    seconds = time.perf_counter() - clock
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the audit ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
