"""Views of a film: a contact sheet of frames spread over it."""

import math
from typing import Final

import cv2
import numpy as np

from detectors.base import Video
from service.analysis.looking.catalogue import Drawn
from service.analysis.looking.drawing import Pixels, as_jpeg
from service.reporting.timeline import clock
from service.reporting.wording import count_of

FRAMES: Final = 24
CELL: Final = 256  # pixels a frame is wide or high at most
_COLUMNS: Final = 6
_GAP: Final = 6
_LABEL: Final = 22


def contact_sheet(film: Video) -> Drawn:
    """Frames in reading order, each above its time."""
    height, width = film.frames.shape[1:3]
    scale = CELL / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    count = len(film.frames)
    columns = min(count, _COLUMNS)
    rows = math.ceil(count / columns)
    step = (size[0] + _GAP, size[1] + _LABEL + _GAP)
    sheet = np.full((rows * step[1] + _GAP, columns * step[0] + _GAP, 3), 18, np.uint8)
    for number, (frame, time) in enumerate(zip(film.frames, film.times, strict=True)):
        down, across = divmod(number, columns)
        _put(sheet, frame, size, (across * step[0] + _GAP, down * step[1] + _GAP), float(time))
    times = ", ".join(clock(float(time)) for time in film.times)
    return as_jpeg(sheet, f"{count_of(count, 'frame')}, at {times}.")


def _put(
    sheet: Pixels, frame: Pixels, size: tuple[int, int], at: tuple[int, int], time: float
) -> None:
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    left, top = at
    sheet[top : top + size[1], left : left + size[0]] = small
    place = (left, top + size[1] + _LABEL - 7)
    cv2.putText(
        sheet, clock(time), place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (230, 230, 230), 1, cv2.LINE_AA
    )
