"""This build against an older one on the same machine: `make bench-against`.

Both audit the same files with the present environment, turn by turn, the older one out of a work
tree of its own. Beside the time by the clock stands that of the processors, which other work on
the machine disturbs less; the ratios are of that. Then the rate of a full verdict beside that of the C2PA
library's own reader on the same files, under the same lists.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import c2pa  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

from deploy import older
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
Job = tuple[Path, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its byte code
    parser.add_argument("--commit", default=older.COMMIT)
    parser.add_argument("--rounds", type=int, default=3, help="of which the cheapest counts")
    parser.add_argument("--collection", type=Path, help="manifest.csv of real signed files")
    parser.add_argument("--trust", type=Path, default=Path(), help="folder with its trust lists")
    asked = parser.parse_args()
    table = Table("what", asked.commit, "this build", "ratio", box=None)
    with (
        tempfile.TemporaryDirectory(prefix="assay-against-") as name,
        older.tree(asked.commit) as then,
    ):
        folder = Path(name)
        root = _fill(folder)
        for kind, count in (("signed", SIGNED), ("unsigned", UNSIGNED)):
            earlier, now = _audits(folder, then, kind, asked.rounds)
            table.add_row(
                f"provenance audit, {kind}, start-up included",
                *(
                    f"{count / it.clock:,.0f} files/s, {it.processor:.2f} s"
                    for it in (earlier, now)
                ),
                f"{earlier.processor / now.processor:.2f}",
            )
        samples = sorted((folder / "signed").iterdir())[:100]
        made = [(path, "image/jpeg") for path in samples]
        _beside_reader(table, "signed, made here", made, snapshot((TrustKind.MANIFEST, root)))
        if asked.collection is not None:
            lists = snapshot_of(asked.trust, "state_official_eku")
            _beside_reader(table, "signed, of the collection", _real(asked.collection), lists)
    Console().print(table)


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
