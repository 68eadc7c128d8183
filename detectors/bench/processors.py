"""Compare scores on this processor with those that others would give.

    python -m detectors.bench.processors [--pictures FOLDER] [--count 2] [--cpu Haswell]

Runs the self-test of the image encoder and every detector of pictures on the known view and on some
pictures of FOLDER: as they are here, with the vector instructions of torch and its libraries held
down to AVX2, and under `qemu-x86_64 -cpu CPU` where that program is installed (Debian: qemu-user; a
picture then takes about three minutes). Prints every score and the largest difference. `--write`
writes the expected answer to the known view instead; do it on a processor with VNNI.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from detectors.base import Image
from detectors.registry import card_of, named
from detectors.runner import Run
from detectors.training.image_data import read
from detectors.zoo import known_view
from detectors.zoo.backbones import CLIP_BLOCKS, ClipEncoder, summary
from detectors.zoo.threads import use_threads
from detectors.zoo.weights import verified, write_arrays

EMULATOR: Final = "qemu-x86_64"
HELD_DOWN: Final = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL",
}
HERE: Final = "this processor"

Scores = dict[str, float | str]


def main() -> None:
    """Print the scores of each processor and the largest difference from this one."""
    parser = argparse.ArgumentParser(prog="python -m detectors.bench.processors")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--count", type=int, default=2)
    parser.add_argument("--cpu", default="Haswell")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", nargs="*", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write()
    elif given.child is not None:
        json.dump(scores(given.child), sys.stdout)
    else:
        files = sorted(given.pictures.iterdir()) if given.pictures else []
        step = max(1, len(files) // max(given.count, 1))
        compare(files[::step][: given.count], given.cpu)


def write() -> None:
    """Keep what this processor answers to the known view as the expected answer."""
    encoder = ClipEncoder(lambda: verified(card_of(named("image.clip"))))
    rows = summary(encoder.tokens(known_view.known_view()))
    write_arrays(
        {str(block): row.astype(np.float16) for block, row in zip(CLIP_BLOCKS, rows, strict=True)},
        known_view.EXPECTED,
    )


def scores(files: list[Path]) -> Scores:
    """Log10 ratio, or reason, of every detector on every picture, and the self-test's deviation."""
    use_threads(1)  # of two, an emulator now and then waits for one that never comes
    encoder = ClipEncoder(lambda: verified(card_of(named("image.clip"))))
    found: Scores = {"self-test": encoder.deviation}
    shown = {"known view": known_view.known_view(), **{file.name: read(file) for file in files}}
    for name, pixels in shown.items():
        for finding in Run(Image(pixels=pixels, container="png")).findings():
            answer = str(finding.reason) if finding.lr is None else finding.lr.log10
            found[f"{finding.detector} {name}"] = answer
    return found


def compare(files: list[Path], cpu: str) -> None:
    """Run a child for each processor; children print what `scores` returns."""
    answers = {
        name: _ask(before, environment, files) for name, before, environment in _processors(cpu)
    }
    here = answers.pop(HERE)
    for name, there in answers.items():
        sys.stdout.write(f"\n{name}, against {HERE}\n")
        for key, value in there.items():
            sys.stdout.write(f"  {key:48} {_shown(value):>14} {_shown(here[key]):>14}\n")
        sys.stdout.write(f"  largest difference of log10 ratios: {largest(here, there):.4f}\n")


def largest(here: Mapping[str, float | str], there: Mapping[str, float | str]) -> float:
    """The largest difference of two scores; infinite where only one of both has one."""
    apart = 0.0
    for key in here.keys() - {"self-test"}:
        one, other = here[key], there[key]
        if isinstance(one, float) and isinstance(other, float):
            apart = max(apart, abs(one - other))
        elif one != other:
            return float("inf")
    return apart


def _processors(cpu: str) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Name, what to put before the command, and what to add to the environment."""
    yield HERE, [], {}
    yield "AVX2 in torch, oneDNN, numpy and OpenBLAS", [], HELD_DOWN
    emulator = shutil.which(EMULATOR)
    if emulator is None:
        sys.stdout.write(f"{EMULATOR} is not installed: no processor is emulated\n")
    else:
        yield f"{cpu}, emulated", [emulator, "-cpu", cpu], {}


def _ask(before: list[str], environment: dict[str, str], files: list[Path]) -> Scores:
    command = [*before, sys.executable, "-m", "detectors.bench.processors", "--child"]
    ran = subprocess.run(  # noqa: S603 (our own interpreter on our own module)
        [*command, *map(str, files)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def _shown(value: float | str) -> str:
    return f"{value:.4f}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
