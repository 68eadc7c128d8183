"""The faces of labelled pictures, cut out once with room around them, in one file.

    python -m detectors.training.face_bank --pictures MANIFEST [MANIFEST ...] --out FOLDER

Films are left out: face tracks are measured on them.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from detectors.faces.find import DETECTOR_FILE, DISTRIBUTION, MESH_FILE, Face, FaceFinder, Points
from detectors.training.image import installed
from detectors.training.laundering import Pixels, decoded, jpeg_file

BANK: Final = "face-bank.npz"
ROOM: Final = 1.7  # side of what is kept over the side of the face's box
LARGEST: Final = 280  # px; larger ones are scaled down
SMALLEST: Final = 48  # px of the face's box: less is no material
_QUALITY: Final = 93


@dataclass(frozen=True, slots=True, kw_only=True)
class Banked:
    """One face: a JPEG file, its mesh in it (468, 2), and where it comes from."""

    file: bytes
    mesh: Points
    swapped: bool
    origin: str  # the collection it comes from: folds never divide one
    owner: str  # the picture, or the film that a swap and the face under it come from

    def pixels(self) -> Pixels:
        return decoded(self.file)


def save(bank: list[Banked], path: Path) -> None:
    """Write a bank as arrays alone: nothing is pickled."""
    np.savez(
        path,
        files=np.frombuffer(b"".join(face.file for face in bank), np.uint8),
        sizes=np.array([len(face.file) for face in bank]),
        meshes=np.stack([face.mesh for face in bank]).astype(np.float16),
        swapped=np.array([face.swapped for face in bank]),
        origins=np.array([face.origin for face in bank]),
        owners=np.array([face.owner for face in bank]),
    )


def load(path: Path) -> list[Banked]:
    """Read what `save` wrote."""
    with np.load(path) as found:
        fields: dict[str, Any] = {name: found[name] for name in found.files}
    ends = np.cumsum(fields["sizes"])
    data = fields["files"].tobytes()
    return [
        Banked(
            file=data[end - size : end],
            mesh=mesh.astype(np.float32),
            swapped=bool(swapped),
            origin=str(origin),
            owner=str(owner),
        )
        for end, size, mesh, swapped, origin, owner in zip(
            ends,
            fields["sizes"],
            fields["meshes"],
            fields["swapped"],
            fields["origins"],
            fields["owners"],
            strict=True,
        )
    ]


def picture_faces(manifests: list[Path], finder: FaceFinder) -> list[Banked]:
    """Faces of the real and face-swapped pictures of some manifests, each file once."""
    bank: list[Banked] = []
    known: set[str] = set()
    for manifest in manifests:
        with manifest.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["label"] in {"real", "face_swap"}]
        for row in sorted(rows, key=lambda row: row["sha256"]):
            if row["sha256"] not in known:
                known.add(row["sha256"])
                bank += _of_picture(row, manifest.parent, finder)
    return bank


def _of_picture(row: dict[str, str], folder: Path, finder: FaceFinder) -> list[Banked]:
    content = (folder / row["path"]).read_bytes()
    pixels = decoded(content)
    kept = (
        _cut(
            pixels,
            face,
            whole=content if max(pixels.shape[:2]) <= LARGEST else None,
            swapped=row["label"] == "face_swap",
            origin=row["source"],
            owner=row.get("owner") or row["sha256"][:16],
        )
        for face in finder.find(pixels)
    )
    return [face for face in kept if face is not None]


def _cut(
    pixels: Pixels, face: Face, *, whole: bytes | None, swapped: bool, origin: str, owner: str
) -> Banked | None:
    if face.side < SMALLEST:
        return None
    if whole is not None and whole[:2] == b"\xff\xd8":
        return Banked(file=whole, mesh=face.mesh, swapped=swapped, origin=origin, owner=owner)
    left, top, right, bottom = face.box
    reach = face.side * ROOM / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    x0, y0 = max(0, round(x - reach)), max(0, round(y - reach))
    part = pixels[y0 : round(y + reach), x0 : round(x + reach)]
    factor = min(1.0, LARGEST / max(part.shape[:2]))
    size = (round(part.shape[1] * factor), round(part.shape[0] * factor))
    part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    mesh = (face.mesh - np.array([x0, y0], np.float32)) * factor
    return Banked(
        file=jpeg_file(part, _QUALITY), mesh=mesh, swapped=swapped, origin=origin, owner=owner
    )


def main() -> None:
    """Find, cut, save."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.face_bank")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    finder = FaceFinder(installed(DISTRIBUTION, DETECTOR_FILE), installed(DISTRIBUTION, MESH_FILE))
    save(picture_faces(given.pictures, finder), given.out / BANK)


if __name__ == "__main__":
    main()
