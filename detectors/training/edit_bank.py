"""Native crops of photographs with their compression history, as hosts of made edits, in one file.

python -m detectors.training.edit_bank --pictures MANIFEST --out FOLDER
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from detectors.training.laundering import Pixels, decoded

BANK: Final = "edit-bank.npz"
SMALLEST: Final = 200
"""Short side in px: what is smaller would be enlarged to fill a training square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One photograph: the bytes of its file as published (or a crop cut without re-encoding)."""

    file: bytes
    source: str
    digest: str

    def pixels(self) -> Pixels:
        return decoded(self.file)


def photographs(manifest: Path, *, megabytes: float) -> list[Host]:
    """Real pictures of a manifest, faces cut out of films left out.

    Where `megabytes` cannot hold all, sources take turns, so that small ones are all there.
    """
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    swapped = {row["source"] for row in rows if row["label"] == "face_swap"}
    waiting: dict[str, list[Host]] = {}
    for row in sorted(rows, key=lambda row: row["sha256"]):
        if row["label"] == "real" and row["source"] not in swapped:
            data = (manifest.parent / row["path"]).read_bytes()
            host = Host(file=data, source=row["source"], digest=row["sha256"][:16])
            if min(host.pixels().shape[:2]) >= SMALLEST:
                waiting.setdefault(row["source"], []).append(host)
    chosen: list[Host] = []
    room = megabytes * 1e6
    for turn in range(max(map(len, waiting.values()))):
        for hosts in waiting.values():
            if turn < len(hosts) and len(hosts[turn].file) <= room:
                chosen.append(hosts[turn])
                room -= len(hosts[turn].file)
    return chosen


def save(hosts: list[Host], path: Path) -> None:
    """Write a bank as arrays alone: nothing is pickled."""
    np.savez(
        path,
        files=np.frombuffer(b"".join(host.file for host in hosts), np.uint8),
        sizes=np.array([len(host.file) for host in hosts]),
        sources=np.array([host.source for host in hosts]),
        digests=np.array([host.digest for host in hosts]),
    )


def load(path: Path) -> list[Host]:
    """Read what `save` wrote."""
    with np.load(path) as found:
        data, sizes = found["files"].tobytes(), found["sizes"]
        names = zip(found["sources"].tolist(), found["digests"].tolist(), strict=True)
        ends = np.cumsum(sizes)
        return [
            Host(file=data[end - size : end], source=source, digest=digest)
            for end, size, (source, digest) in zip(ends, sizes, names, strict=True)
        ]


def main() -> None:
    """Choose and save."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.edit_bank")
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--megabytes", type=float, default=5.4, help="what is left out serves to measure"
    )
    given = parser.parse_args()
    save(photographs(given.pictures, megabytes=given.megabytes), given.out / BANK)


if __name__ == "__main__":
    main()
