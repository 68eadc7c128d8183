"""This build against an older one on the same machine: `make bench-against`.

Both audit the same files with the present environment, turn by turn, the older one out of a work
tree of its own. Beside the time by the clock stands that of the processors, which other work on
the machine disturbs less; the ratios are of that. Then the rate of a full verdict beside that of the C2PA
library's own reader on the same files, under the same lists.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import c2pa  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

from provenance.c2pa import Library
from provenance.conformance import rows, snapshot_of
from provenance.hashes import sha256
from provenance.read import Reader
from provenance.result import TrustKind
from provenance.trust import TrustSnapshot
from tests import media, signing
from tests.provenance.conftest import snapshot

ROOT: Final = Path(__file__).parents[1]
OLDER: Final = "744b6b3"
SIGNED, UNSIGNED = 600, 6000
READINGS: Final = 6
Job = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one command with all it started."""

    clock: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its byte code
    parser.add_argument("--commit", default=OLDER)
    parser.add_argument("--rounds", type=int, default=3, help="of which the cheapest counts")
    parser.add_argument("--collection", type=Path, help="manifest.csv of real signed files")
    parser.add_argument("--trust", type=Path, default=Path(), help="folder with its trust lists")
    asked = parser.parse_args()
    table = Table("what", asked.commit, "this build", "ratio", box=None)
    with tempfile.TemporaryDirectory(prefix="assay-against-") as name, _tree(asked.commit) as older:
        folder = Path(name)
        root = _fill(folder)
        for kind, count in (("signed", SIGNED), ("unsigned", UNSIGNED)):
            then, now = _audits(folder, older, kind, asked.rounds)
            table.add_row(
                f"provenance audit, {kind}, start-up included",
                *(f"{count / it.clock:,.0f} files/s, {it.processor:.2f} s" for it in (then, now)),
                f"{then.processor / now.processor:.2f}",
            )
        samples = sorted((folder / "signed").iterdir())[:100]
        made = [(path, "image/jpeg") for path in samples]
        _beside_reader(table, "signed, made here", made, snapshot((TrustKind.MANIFEST, root)))
        if asked.collection is not None:
            lists = snapshot_of(asked.trust, "state_official_eku")
            _beside_reader(table, "signed, of the collection", _real(asked.collection), lists)
    Console().print(table)


@contextmanager
def _tree(commit: str) -> Iterator[Path]:
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory(prefix="assay-older-") as name:
        tree = Path(name) / "tree"
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def _fill(folder: Path) -> str:
    """Make the files, no two alike, and return the root that vouches for their signer."""
    plain, authority = media.jpeg(media.photo_like(1024, 768)), signing.Authority.create()
    credential, taken = authority.issue(), [signing.action(source_type=signing.CAPTURED)]
    for kind, count in (("signed", SIGNED), ("unsigned", UNSIGNED)):
        (folder / kind).mkdir()
        for number in range(count):
            data = (
                signing.sign(plain, credential, actions=taken).data
                if kind == "signed"
                else plain + number.to_bytes(4, "big")
            )
            (folder / kind / f"{number}.jpg").write_bytes(data)
    (folder / "root.pem").write_text(authority.root_pem)
    return authority.root_pem


def _audits(folder: Path, older: Path, kind: str, rounds: int) -> tuple[Cost, Cost]:
    """The cheapest of some rounds of each build."""
    costs: dict[Path, list[Cost]] = {older: [], ROOT: []}
    for number in range(rounds):
        for tree, found in costs.items():
            data = folder / f"data-{tree.name}"
            if not data.exists():
                _assay(tree, data, "trust", "add", str(folder / "root.pem"))
            out = str(folder / f"{tree.name}-{kind}-{number}.jsonl")
            place = str(folder / kind)
            found.append(_assay(tree, data, "audit", place, "--only", "provenance", "--out", out))
    then, now = (min(found, key=lambda it: it.processor) for found in costs.values())
    return then, now


def _assay(tree: Path, data: Path, *arguments: str) -> Cost:
    environment = {**os.environ, "PYTHONPATH": str(tree), "ASSAY_DATA_DIR": str(data)}
    clock = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "service.cli", *arguments],
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode not in (0, 1):
        raise SystemExit(f"assay {arguments[0]} of {tree} ended with {running.returncode}")
    return Cost(time.perf_counter() - clock, used.ru_utime + used.ru_stime)


def _real(collection: Path) -> list[Job]:
    return [
        (collection.parent / row["path"], row["mime"])
        for row in rows(collection)
        if row["has_manifest"] == "yes"
    ]


def _beside_reader(table: Table, what: str, jobs: list[Job], lists: TrustSnapshot) -> None:
    own, library = Reader(lists), Library(lists)

    def judged() -> None:
        for path, media_type in jobs:
            with path.open("rb") as file:
                sha256(file)
                own.read(file, media_type=media_type)

    def read() -> None:
        for path, media_type in jobs:
            with path.open("rb") as file:
                try:
                    with c2pa.Reader(media_type, file, None, library.context) as reader:
                        reader.json()
                except c2pa.C2paError:
                    continue

    ours, theirs = _rate(judged, len(jobs)), _rate(read, len(jobs))
    table.add_row(
        f"full verdict beside the library's own reader, {what}",
        f"reader {theirs:,.0f} files/s",
        f"{ours:,.0f} files/s",
        f"{ours / theirs:.2f}",
    )


def _rate(work: Callable[[], None], files: int) -> float:
    """Files for each second of one processor, at best."""
    best = float("inf")
    for _ in range(READINGS):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return files / best


if __name__ == "__main__":
    main()
