"""Views of a film: a contact sheet of frames spread over it."""

from typing import Final

from detectors.base import Video
from service.analysis.looking.catalogue import Drawn
from service.analysis.looking.drawing import as_jpeg, sheet
from service.language.spoken import n_
from service.reporting.timeline import clock

FRAMES: Final = 24


def contact_sheet(film: Video) -> Drawn:
    """Frames in reading order, each above its time."""
    times = [clock(float(time)) for time in film.times]
    words = n_(
        "{count} frame of the film, at {times}.",
        "{count} frames of the film, at {times}.",
        len(times),
        times=", ".join(times),
    )
    return as_jpeg(sheet(list(film.frames), times), words)
