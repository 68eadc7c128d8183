"""What a file costs in archives of every size: `python -m deploy.benchmark_audit_scale`.

Makes folders of tiny JPEGs, no two alike and a thousand to a folder, audits each with a program of
its own, provenance alone, and prints the time of a file beyond that of starting and ending, and the
most memory the program took. A million takes its time: `--files 1000000`.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from PIL import Image

SIZES: Final = (1_000, 10_000, 100_000)
EACH_FOLDER: Final = 1_000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--files", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--jobs", type=int, default=2)
    asked = arguments.parse_args()
    sys.stdout.write(
        "| files | ms a file | files/s | most memory, MB |\n| --- | --- | --- | --- |\n"
    )
    for count in asked.files:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder) / "archive", count)
            seconds, megabytes = audited(Path(folder), asked.jobs)
        row = f"| {count:,} | {1000 * seconds / count:.2f} | {count / seconds:,.0f} | {megabytes:,.0f} |"
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()


def fill(archive: Path, count: int) -> None:
    """Write so many JPEGs, each with a number behind its last marker."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "grey").save(buffer, "JPEG")
    for number in range(count):
        folder = archive / f"{number // EACH_FOLDER:05}"
        if number % EACH_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"{number:08}.jpg").write_bytes(buffer.getvalue() + str(number).encode())


def audited(folder: Path, jobs: int) -> tuple[float, float]:
    """Seconds and megabytes of one audit, start and end included."""
    command = [sys.executable, "-m", "service.cli", "audit", str(folder / "archive")]
    command += ["--only", "provenance", "--jobs", str(jobs), "--quiet"]
    command += ["--out", str(folder / "audit.jsonl"), "--html", str(folder / "audit.html")]
    clock = time.perf_counter()
    running = subprocess.Popen(command, env={**os.environ, "ASSAY_DATA_DIR": str(folder / "data")})
    _, status, used = os.wait4(running.pid, 0)
    seconds = time.perf_counter() - clock
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the audit ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
