"""Run the `assay` command as a user does: as a program of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ASSAY = (sys.executable, "-m", "service.cli")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a finished command left behind."""

    code: int
    out: str
    err: str


def environment(data: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with a data folder of its own, 100 columns and no colour."""
    wanted = {"ASSAY_DATA_DIR": str(data), "COLUMNS": "100", "NO_COLOR": "1"}
    return {**os.environ, **wanted, **(more or {})}


def assay(
    *arguments: str | Path,
    data: Path,
    stdin: bytes = b"",
    more: Mapping[str, str] | None = None,
) -> Ran:
    """Run to the end, at most two minutes."""
    done = subprocess.run(
        [*ASSAY, *map(str, arguments)],
        env=environment(data, more),
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
