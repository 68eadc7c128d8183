"""Verdicts on whole files of publishers that nothing was trained on: `make bench-unseen`.

Each fifth of the publishers is left out in turn. A copy of this commit trains its heads, calibration and
thresholds on the others, by the commands that docs/training.md names and out of the caches they keep, and
its `assay bench --verdict` is asked about files of that fifth as they were published and handed on. What
was done is not done again: a run that was stopped goes on. The answers of all parts are then measured
together.
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from deploy.running import ASSAY, ROOT

PARTS: Final = range(5)
KINDS: Final = ("pictures", "speech", "films")
DELIVERIES: Final = ("messenger", "voice-note")
ANSWERS: Final = "answers.csv"
LEFT: Final = ("made", "delivered.sqlite", "held.json", "*.csv")
"""What no part takes over from the caches: it was made of, or by, files of every source."""

DATA: Final = "Verdicts on whole files of publishers that nothing was trained on"
FIGURE: Final = ROOT / "docs/figures/verdicts.svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One fifth: a copy of this commit, trained without it, and what is asked of it."""

    number: int
    folder: Path
    given: argparse.Namespace

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    def asked(self, kind: str) -> Path:
        return self.folder / "media" / "asked" / kind / "manifest.csv"

    def answers(self, kind: str) -> Path:
        return self.folder / kind / ANSWERS

    def work(self) -> None:
        """Train, then ask about every kind."""
        trained = self.folder / "trained"
        if not trained.exists():
            self._begin()
            for command in self.trainings():
                self._run(*command)
            trained.touch()
        for kind in KINDS:
            if not self.answers(kind).exists():
                launderings = [text for name in DELIVERIES for text in ("-l", name)]
                bench = ("service.cli", "bench", str(self.asked(kind)), "--verdict", *launderings)
                self._run(*bench, "--out", str(self.folder / kind))

    def _begin(self) -> None:
        """A copy of this commit and of the caches, and the manifests."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.tree.mkdir(parents=True)
        archive = subprocess.run(
            ["git", "-C", str(ROOT), "archive", "HEAD"],  # noqa: S607
            check=True,
            stdout=subprocess.PIPE,
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(self.tree, filter="data")
        for kind in ("pictures", "films"):
            shutil.copytree(
                self.given.cache / kind,
                self.folder / "cache" / kind,
                ignore=shutil.ignore_patterns(*LEFT),
            )
        speech = self.folder / "cache" / "speech"
        speech.mkdir()
        for path in (self.given.cache / "speech").iterdir():
            if path.is_dir():  # complete, and only read
                (speech / path.name).symlink_to(path.resolve())
        self._run(
            "detectors.training.unseen",
            *("--part", str(self.number)),
            *("--pictures", self.given.pictures),
            *("--films", self.given.films),
            *("--speech", *self.given.speech),
            *("--files", self.given.files),
            *("--mirror", self.given.mirror),
            *("--out", self.folder / "media"),
        )

    def trainings(self) -> Iterator[Sequence[str | Path]]:
        """Heads for pictures, then those for films that go on from them, and speech."""
        zoo, cache = self.tree / "detectors" / "zoo", self.folder / "cache"
        learned = self.folder / "media" / "learned"
        yield (
            "detectors.training.image_further",
            *("--start", self.given.start, "--earlier", self.given.earlier),
            *("--manifest", learned / "pictures" / "manifest.csv", "--files", learned / "files"),
            *("--cache", cache / "pictures", "--out", zoo),
        )
        films = learned / "films" / "manifest.csv"
        clips = ("--manifest", films, "--cache", cache / "films", "--out", zoo)
        yield ("detectors.training.video_head", *clips)
        yield ("detectors.training.video", *clips)
        yield (
            "detectors.training.audio",
            *("--manifest", *self.given.speech, "--cache", cache / "speech", "--out", zoo),
            *("--without", str(self.number)),
        )

    def _run(self, *command: str | Path) -> None:
        data = str(self.folder / "data")
        environment = {**os.environ, "PYTHONPATH": str(self.tree), "ASSAY_DATA_DIR": data}
        subprocess.run(
            [sys.executable, "-m", *map(str, command)], cwd=self.tree, env=environment, check=True
        )


def main() -> None:
    """Work on every part, then measure all answers together."""
    parser = argparse.ArgumentParser(prog="python -m deploy.unseen")
    path = partial(parser.add_argument, type=_resolved, required=True)
    path("--pictures", help="manifest of the collection")
    path("--start", help="what detectors.training.image wrote")
    path("--earlier", help="manifest that START learned from")
    path("--films", help="manifest")
    path("--speech", nargs="+", help="manifests")
    path("--files", help="where image_delivered wrote its scores")
    path("--mirror", help="clones of the repositories")
    path("--cache", help="with pictures/, films/ and speech/ of trainings")
    path("--work", help="kept between runs")
    parser.add_argument("--part", type=int, nargs="+", choices=PARTS, default=tuple(PARTS))
    parser.add_argument("--out", type=Path, default=ROOT / "detectors/bench/results/unseen")
    given = parser.parse_args()
    parts = [Part(number=n, folder=given.work / f"part{n}", given=given) for n in given.part]
    for part in parts:
        part.work()
    answers = [text for kind in KINDS for part in parts for text in _given(part.answers(kind))]
    told = ("--data", DATA, "--out", str(given.out.resolve()), "--figure", str(FIGURE))
    subprocess.run([*ASSAY, "bench", *answers, *told], cwd=ROOT, check=True)


def _resolved(text: str) -> Path:
    return Path(text).resolve()


def _given(answers: Path) -> tuple[str, str]:
    return "--answers", str(answers)


if __name__ == "__main__":
    main()
