"""What a file costs in archives of every size: `python -m deploy.benchmark_audit_scale`.

Makes folders of tiny JPEGs, no two alike and a thousand to a folder, audits each with a program of
its own, provenance alone, and prints what a file costs beyond starting and ending, which an audit of
sixteen files shows, and the most memory the program took. Processor time is that of the program and
its children together: other work on the machine disturbs it less. A million: `--files 1000000`.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

SIZES: Final = (1_000, 10_000, 100_000)
FEW: Final = 16
EACH_FOLDER: Final = 1_000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--files", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--jobs", type=int, default=2)
    asked = arguments.parse_args()
    sys.stdout.write(
        "| files | ms a file | ms of processor time a file | most memory, MB |\n"
        "| --- | --- | --- | --- |\n"
    )
    idle = cost_of(FEW, asked.jobs)
    for count in asked.files:
        found = cost_of(count, asked.jobs)
        each = [
            1000 * (whole - start) / (count - FEW)
            for whole, start in ((found.clock, idle.clock), (found.processor, idle.processor))
        ]
        row = f"| {count:,} | {each[0]:.2f} | {each[1]:.2f} | {found.megabytes:,.0f} |"
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()


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
