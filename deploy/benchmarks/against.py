"""This build against an older one on the same machine: `make bench-against`.

Both audit the same files with the present environment, turn by turn, the older one out of a work
tree of its own. Figures are of processor time, which other work on the machine disturbs less. Then the rate of a full verdict beside that of the C2PA
library's own reader on the same files, under the same lists.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import c2pa  # type: ignore[import-untyped]

from deploy.benchmarks import kept, older
from deploy.benchmarks.kept import Figure
from deploy.running import ROOT
from provenance.c2pa import Library
from provenance.conformance import rows, snapshot_of
from provenance.hashes import sha256
from provenance.read import Reader
from provenance.result import TrustKind
from provenance.trust import TrustSnapshot
from tests import media, signing
from tests.provenance.conftest import snapshot

SIGNED, UNSIGNED = 600, 6000
READINGS: Final = 6
AUDITS: Final = 1.5
"""Target: how many times as fast as the older build."""

VERDICTS: Final = 0.9
"""Target: of the rate of the library alone."""
Job = tuple[Path, str]


def main() -> None:
    parser = kept.options(__doc__)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its byte code
    parser.add_argument("--commit", default=older.COMMIT)
    parser.add_argument("--rounds", type=int, default=3, help="of which the cheapest counts")
    parser.add_argument("--collection", type=Path, help="manifest.csv of real signed files")
    parser.add_argument("--trust", type=Path, default=Path(), help="folder with its trust lists")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="assay-against-") as name,
        older.tree(asked.commit) as then,
    ):
        figures = tuple(_measured(Path(name), then, asked))
    sys.exit(kept.finish("against", figures, write=asked.write, beside=asked.commit))


def _measured(folder: Path, then: Path, asked: argparse.Namespace) -> Iterator[Figure]:
    root = _fill(folder)
    for kind, count in (("signed", SIGNED), ("unsigned", UNSIGNED)):
        earlier, now = _audits(folder, then, kind, asked.rounds)
        yield Figure(
            what=f"provenance audit, {kind}, start-up included",
            value=count / now.processor,
            unit="files a CPU second",
            target=AUDITS,
            at_least=True,
            beside=count / earlier.processor,
        )
    samples = sorted((folder / "signed").iterdir())[:100]
    made = [(path, "image/jpeg") for path in samples]
    yield _beside_reader("signed, made here", made, snapshot((TrustKind.MANIFEST, root)))
    if asked.collection is not None:
        lists = snapshot_of(asked.trust, "state_official_eku")
        yield _beside_reader("signed, of the collection", _real(asked.collection), lists)


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


def _audits(folder: Path, build: Path, kind: str, rounds: int) -> tuple[older.Cost, older.Cost]:
    """The cheapest of some rounds of each build."""
    costs: dict[Path, list[older.Cost]] = {build: [], ROOT: []}
    for number in range(rounds):
        for tree, found in costs.items():
            data = folder / f"data-{tree.name}"
            if not data.exists():
                older.cost(tree, data, "trust", "add", str(folder / "root.pem"))
            out = str(folder / f"{tree.name}-{kind}-{number}.jsonl")
            place = str(folder / kind)
            found.append(
                older.cost(tree, data, "audit", place, "--only", "provenance", "--out", out)
            )
    then, now = (min(found, key=lambda it: it.processor) for found in costs.values())
    return then, now


def _real(collection: Path) -> list[Job]:
    return [
        (collection.parent / row["path"], row["mime"])
        for row in rows(collection)
        if row["has_manifest"] == "yes"
    ]


def _beside_reader(what: str, jobs: list[Job], lists: TrustSnapshot) -> Figure:
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
    return Figure(
        what=f"full verdict beside the library's own reader, {what}",
        value=ours,
        unit="files a CPU second",
        target=VERDICTS,
        at_least=True,
        beside=theirs,
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
