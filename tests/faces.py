"""Drawn faces: enough of one for a face detector, so that tests need no person's picture."""

import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]

SKIN = (214, 170, 140)
HAIR = (60, 40, 30)


def face_like(
    width: int = 400,
    height: int = 300,
    *,
    centre: tuple[int, int] = (200, 150),
    side: int = 200,
    seed: int = 0,
) -> RGB:
    """A picture with one drawn face of about `side` px around `centre`."""
    canvas = np.full((height, width, 3), (90, 110, 130), np.uint8)
    _draw(canvas, centre, side / 200)
    soft = cv2.GaussianBlur(canvas, (0, 0), max(0.5, 1.5 * side / 200))
    grain = np.random.default_rng(seed).normal(0, 3, soft.shape)
    return np.asarray(np.clip(soft + grain, 0, 255), np.uint8)


def _draw(canvas: RGB, centre: tuple[int, int], scale: float) -> None:
    def at(right: float, down: float) -> tuple[int, int]:
        return int(centre[0] + right * scale), int(centre[1] + down * scale)

    def oval(
        right: float, down: float, wide: float, high: float, colour: tuple[int, int, int]
    ) -> None:
        axes = max(1, int(wide * scale)), max(1, int(high * scale))
        cv2.ellipse(canvas, at(right, down), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    oval(0, -25, 92, 110, HAIR)
    oval(0, 0, 75, 100, SKIN)
    for way in (-1, 1):
        oval(way * 32, -20, 20, 11, (185, 140, 112))
        oval(way * 32, -18, 15, 8, (245, 245, 245))
        oval(way * 32, -18, 7, 7, HAIR)
        thick = max(1, int(6 * scale))
        cv2.line(canvas, at(way * 15, -38), at(way * 52, -42), HAIR, thick, cv2.LINE_AA)
        oval(way * 8, 34, 5, 3, (120, 80, 65))
    oval(0, 15, 10, 26, (198, 152, 122))
    oval(0, 60, 30, 10, (180, 80, 80))
    cv2.line(canvas, at(-28, 60), at(28, 60), (110, 40, 45), max(1, int(2 * scale)), cv2.LINE_AA)
