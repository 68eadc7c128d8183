"""Resolve the dependencies of pyproject.toml and pin every one of them (run by `make lock`).

Writes requirements.txt (what assay needs to run), requirements-api.txt (what the web process alone
needs), requirements-tracing.txt (what traces need beside the latter, for the images) and
requirements-dev.txt (the rest, to test it).
Versions already pinned stay unless they no longer fit; `--upgrade` asks for the newest of each.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
RUNTIME: Final = HERE / "requirements.txt"
API: Final = HERE / "requirements-api.txt"
TRACING: Final = HERE / "requirements-tracing.txt"
DEVELOPMENT: Final = HERE / "requirements-dev.txt"
HEADER: Final = "# Pinned by `make lock` from pyproject.toml. Do not edit.\n"
UPPER_BOUNDS: Final = ("torch==2.13.0", "torchvision==0.28.0", "opencv-python-headless<5")
"""torch and torchvision only fit as a pair; OpenCV 5 dropped the cascade classifier."""

Pins = dict[str, str]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--upgrade", action="store_true")
    kept = {} if arguments.parse_args().upgrade else {**_read(RUNTIME), **_read(DEVELOPMENT)}
    runtime = _resolve(kept, ".")
    development = _resolve({**kept, **runtime}, ".[dev]")
    RUNTIME.write_text(HEADER + _lines(runtime))
    api = _resolve(runtime, "--group=api")
    API.write_text(HEADER + _lines(api))
    traces = _resolve(development, *_extra("tracing"))
    TRACING.write_text(HEADER + _lines({n: v for n, v in traces.items() if n not in api}))
    extra = {name: version for name, version in development.items() if name not in runtime}
    DEVELOPMENT.write_text(HEADER + "-r requirements.txt\n" + _lines(extra))


def _read(path: Path) -> Pins:
    lines = path.read_text().splitlines() if path.exists() else []
    pins = (line.partition("==") for line in lines if "==" in line)
    return {name: version for name, _, version in pins}


def _extra(name: str) -> list[str]:
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"][name])


def _resolve(kept: Pins, *wanted: str) -> Pins:
    """Ask pip what it would install into an empty environment; name -> public version."""
    constraints = HERE / ".constraints"
    constraints.write_text("\n".join(UPPER_BOUNDS) + "\n" + _lines(kept))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--report", "-", "--constraint", str(constraints), *wanted]
    try:
        done = subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True, text=True)
    finally:
        constraints.unlink()
    found = (item["metadata"] for item in json.loads(done.stdout)["install"])
    pins = {item["name"].lower(): item["version"].partition("+")[0] for item in found}
    pins.pop("assay", None)
    return pins


def _lines(pins: Pins) -> str:
    return "".join(f"{name}=={pins[name]}\n" for name in sorted(pins))


if __name__ == "__main__":
    main()
