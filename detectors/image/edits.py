"""Where was this picture edited? A map over native tiles and one score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from detectors.base import Image, Judge, Observation, Patch
from detectors.errors import CardInvalid, NotApplicable
from detectors.image.views import (
    FLAT_RANGE,
    FLAT_SHARE,
    Cell,
    Pixels,
    grid,
    require_size,
)
from detectors.media.notes import Note
from detectors.result import UNLIKE, Reason
from detectors.zoo.card import ModelCard
from detectors.zoo.sessions import session
from detectors.zoo.threads import side_by_side
from detectors.zoo.weights import verified

MAPS: Final = "image-edits-maps.onnx"
COMPARED: Final = "image-edits-compared.onnx"
"""Its two graphs: RGB tiles (n, h, w, 3) to maps (n, channels, h / 8, w / 8), and the maps of all
blocks of a picture, (1, channels, 1, blocks), to log odds of each and of the picture."""

BLOCK: Final = 8
"""Side in px of what the map tells apart."""

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

    def __init__(
        self,
        maps: onnxruntime.InferenceSession,
        compared: onnxruntime.InferenceSession,
        map_threshold: float = 0.0,
    ) -> None:
        """Both run the graphs `MAPS` and `COMPARED`."""
        self._maps = maps
        self._compared = compared
        self._map_threshold = map_threshold

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Both graphs (weights 0 and 1), verified; the card says from where on a patch is edited."""
        del parts
        threshold = card.settings.get("map_threshold")
        if not isinstance(threshold, float | int):
            raise CardInvalid(f"model card {card.name}: no map_threshold")
        return cls(
            session(verified(card, 0), "views"), session(verified(card, 1), "views"), threshold
        )

    def observe(self, media: Image) -> Observation:
        """Raw log odds before calibration.

        Raises `NotApplicable` for tiny and flat pictures and those it was not measured on.
        """
        _require_measured(media.notes)
        require_size(media.pixels)
        tiles = tiles_of(media.pixels)
        _require_texture(tiles)
        blocks, odds = self.judged(np.stack([tile.pixels for tile in tiles]))
        shape = media.pixels.shape[:2]
        judged = sum(tile.pixels[..., 0].size for tile in tiles) / (shape[0] * shape[1])
        patches = tuple(
            patch
            for tile, found in zip(tiles, blocks, strict=True)
            for patch in patches_of(tile, found, shape)
        )
        strange = sum(
            (patch.right - patch.left) * (patch.bottom - patch.top)
            for patch in patches
            if patch.raw > self._map_threshold
        )
        return Observation(
            raw=odds,
            patches=patches,
            facts={"judged_share": round(judged, 3), UNLIKE: round(strange, 3)},
        )

    def judged(self, tiles: Pixels) -> tuple[Blocks, float]:
        """Log odds of the blocks of each of a picture's tiles (n, h, w, 3), (n, h / 8, w / 8), and its own."""
        parts = [tiles[start : start + TOGETHER] for start in range(0, len(tiles), TOGETHER)]
        maps = np.concatenate(side_by_side(self._mapped, parts))
        channels, shape = maps.shape[1], (maps.shape[0], *maps.shape[2:])
        row = np.ascontiguousarray(maps.transpose(1, 0, 2, 3)).reshape(1, channels, 1, -1)
        blocks, odds = self._compared.run(None, {"views": row})
        return np.asarray(blocks, np.float32).reshape(shape), float(odds[0])

    def _mapped(self, tiles: Pixels) -> Blocks:
        return np.asarray(self._maps.run(None, {"views": tiles})[0], np.float32)


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
    mean = float(np.mean(flat))
    if mean > FLAT_SHARE:
        share = f"{100 * mean:.0f} %"
        raise NotApplicable(
            Reason.OUT_OF_DOMAIN, f"{share} of the picture is flat: there is nothing to judge."
        )
