"""What is installed has everything that runs."""

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("service", "workers", "detectors", "provenance")
LEFT_OUT: Final = (
    "*.pyc",
    "*.pot",
    "detectors/training/collection/*.csv",
    "service/client/README.md",
)
"""What only a checkout needs: for translators, for trainings, and for the client's own package."""


def test_every_file_that_is_no_module_is_installed_too() -> None:
    described = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (installed,) = described["tool"]["setuptools"]["package-data"].values()
    files = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".py"
    ]
    missing = [
        name
        for name in files
        if not any(fnmatchcase(Path(name).name, pattern) for pattern in installed)
        and not any(fnmatchcase(name, pattern) for pattern in LEFT_OUT)
    ]
    assert "service/rendering/templates/report.typ" in files
    assert missing == []
