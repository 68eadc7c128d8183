"""Where was this picture edited? A map over native tiles and one score."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from detectors.base import Image, Judge, Observation, Patch
from detectors.errors import CardInvalid, NotApplicable
from detectors.image.edit_network import BLOCK, EditNetwork
from detectors.image.views import (
    FLAT_RANGE,
    FLAT_SHARE,
    Cell,
    Pixels,
    grid,
    require_size,
)
from detectors.media.notes import Note
from detectors.result import Reason
from detectors.zoo.card import ModelCard
from detectors.zoo.threads import one_thread, side_by_side
from detectors.zoo.weights import verified

TILE: Final = 256
"""Side in px of the squares it was trained on, a multiple of the JPEG grid."""

MOST_TILES: Final = 14
"""0.9 megapixels, of 9 CPU milliseconds a tile; larger pictures are sampled evenly."""

TOGETHER: Final = 7
"""Tiles that go through the network at once: half of the most, for two threads."""

MOST_CELLS: Final = 24
"""Cells of the map along the longer side."""

_UNMEASURED: Final = {
    Note.FEW_COLOURS: "The picture has no more colours than a palette holds",
    Note.ALPHA_COMPOSITED: "Parts of the picture are transparent",
}
"""What looks like an edit to this method, and is none. Of 150 real photographs 5 to 7 % with 64 to
256 colours pass the threshold that 1 % of plain ones pass; the edge of a part cut out passes too."""

Blocks = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part of the picture at native resolution, and the cell of the picture it stands for."""

    pixels: Pixels
    cell: Cell


class EditDetector:
    """Score = log odds of the whole picture; patches are mean log odds of the blocks in a cell."""

    def __init__(self, network: EditNetwork, map_threshold: float = 0.0) -> None:
        self._network = network
        self._map_threshold = map_threshold

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Load the network (weights 0), verified; the card says from where on a patch is edited."""
        del parts
        threshold = card.settings.get("map_threshold")
        if not isinstance(threshold, float | int):
            raise CardInvalid(f"model card {card.name}: no map_threshold")
        return cls(load_network(verified(card, 0)), threshold)

    def observe(self, media: Image) -> Observation:
        """Raw log odds before calibration.

        Raises `NotApplicable` for tiny and flat pictures and those it was not measured on.
        """
        _require_measured(media.notes)
        require_size(media.pixels)
        tiles = tiles_of(media.pixels)
        _require_texture(tiles)
        batch = torch.from_numpy(np.stack([tile.pixels for tile in tiles]))
        with torch.inference_mode(), one_thread():
            maps = side_by_side(self._maps, torch.split(batch.permute(0, 3, 1, 2), TOGETHER))
            blocks, odds = self._network.joint(torch.cat(maps))
        shape = media.pixels.shape[:2]
        judged = sum(tile.pixels[..., 0].size for tile in tiles) / (shape[0] * shape[1])
        patches = tuple(
            patch
            for tile, found in zip(tiles, blocks.numpy(), strict=True)
            for patch in patches_of(tile, found, shape)
        )
        strange = sum(
            (patch.right - patch.left) * (patch.bottom - patch.top)
            for patch in patches
            if patch.raw > self._map_threshold
        )
        return Observation(
            raw=float(odds[0]),
            patches=patches,
            facts={"judged_share": round(judged, 3), "unlike_the_rest": round(strange, 3)},
        )

    def _maps(self, tiles: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():  # which each thread chooses for itself
            return self._network.maps(tiles.float())


def load_network(weights: Path) -> EditNetwork:
    """The localiser with these weights (half precision on disk), ready to judge."""
    network = EditNetwork()
    counters = {k: v for k, v in network.state_dict().items() if k.endswith("num_batches_tracked")}
    state = {name: value.float() for name, value in load_file(weights).items()}
    network.load_state_dict({**counters, **state})
    return network.eval()


def tiles_of(pixels: Pixels) -> tuple[Tile, ...]:
    """The whole picture if it is small enough, otherwise squares from the middle of even cells.

    All begin on the file's JPEG grid, which starts at the upper left corner.
    """
    height, width = pixels.shape[:2]
    if height * width <= MOST_TILES * TILE**2:
        bottom, right = height // BLOCK * BLOCK, width // BLOCK * BLOCK
        whole = Cell(0.0, 0.0, right / width, bottom / height)
        return (Tile(pixels=pixels[:bottom, :right], cell=whole),)
    tiles = []
    side = min(TILE, height // BLOCK * BLOCK, width // BLOCK * BLOCK)
    for cell in grid(width, height, side=side, most=MOST_TILES):
        x, y = cell.centre
        left = min(max(round(x * width - side / 2), 0), width - side) // BLOCK * BLOCK
        top = min(max(round(y * height - side / 2), 0), height - side) // BLOCK * BLOCK
        tiles.append(Tile(pixels=pixels[top : top + side, left : left + side], cell=cell))
    return tuple(tiles)


def patches_of(tile: Tile, blocks: Blocks, shape: tuple[int, ...]) -> tuple[Patch, ...]:
    """Mean log odds of the blocks (rows, columns) of a tile, as patches that fill its cell.

    `shape` is the picture's (height, width): patches are about square, `MOST_CELLS` of them along
    its longer side, and never smaller than a block.
    """
    left, top = tile.cell.left, tile.cell.top
    across, down = tile.cell.right - left, tile.cell.bottom - top
    scale = MOST_CELLS / max(shape)
    rows = min(blocks.shape[0], max(1, round(down * shape[0] * scale)))
    columns = min(blocks.shape[1], max(1, round(across * shape[1] * scale)))
    small = cv2.resize(blocks, (columns, rows), interpolation=cv2.INTER_AREA)
    return tuple(
        Patch(
            left=left + across * column / columns,
            top=top + down * row / rows,
            right=left + across * (column + 1) / columns,
            bottom=top + down * (row + 1) / rows,
            raw=float(small[row, column]),
        )
        for row in range(rows)
        for column in range(columns)
    )


def _require_measured(notes: tuple[str, ...]) -> None:
    """Raise `NotApplicable` for pictures of kinds that no threshold was ever measured on."""
    for note, what in _UNMEASURED.items():
        if note in notes:
            text = f"{what}; this method was never measured on such pictures."
            raise NotApplicable(Reason.OUT_OF_DOMAIN, text)


def _require_texture(tiles: tuple[Tile, ...]) -> None:
    """Raise `NotApplicable` where nearly all blocks are flat: nothing can differ from the rest."""
    flat = []
    for tile in tiles:
        grey = cv2.cvtColor(tile.pixels, cv2.COLOR_RGB2GRAY)
        rows, columns = grey.shape[0] // BLOCK, grey.shape[1] // BLOCK
        blocks = grey.reshape(rows, BLOCK, columns, BLOCK)
        flat.append((np.ptp(blocks, axis=(1, 3)) <= FLAT_RANGE).mean())
    share = float(np.mean(flat))
    if share > FLAT_SHARE:
        raise NotApplicable(
            Reason.OUT_OF_DOMAIN, f"{share:.0%} of the picture is flat: there is nothing to judge."
        )
