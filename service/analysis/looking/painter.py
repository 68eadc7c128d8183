"""Draw views: files are decoded in sandboxed children, pictures are made here of checked arrays."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from detectors.media.limits import Confinement, Limits
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import SandboxPool
from service.analysis.looking import clones, difference, film, picture
from service.analysis.looking.catalogue import Asked, Drawn, View
from service.analysis.looking.drawing import Pixels, as_jpeg, fitted
from service.reporting.timeline import clock

_OF_PICTURES: Final[Mapping[View, Callable[[Pixels], Drawn]]] = {
    View.NATIVE: picture.native,
    View.ERROR_LEVEL: picture.error_level,
    View.NOISE: picture.noise,
    View.GHOSTS: picture.ghosts,
    View.CLONES: clones.clones,
}


class Painter:
    """Draws one view at a time. Its child is started for the first one and kept."""

    def __init__(self, confinement: Confinement, limits: Limits) -> None:
        self._pool = SandboxPool(handler=HANDLER, size=1, confinement=confinement)
        self._reader = MediaReader(self._pool, limits)

    def close(self) -> None:
        """Stop the child."""
        self._pool.close()

    def draw(self, asked: Asked, file: BinaryIO) -> Drawn:
        """One view of a file. Raises `DetectorError`, `NothingToShow`."""
        match asked.view:
            case View.CONTACT_SHEET:
                budget = FrameBudget(frames=film.FRAMES, short_side=film.CELL)
                return film.contact_sheet(self._reader.video(file, budget))
            case View.FRAME:
                found = self._reader.frame(file, asked.number)
                words = f"Frame {asked.number} of {found.count}, at {clock(found.seconds)}."
                return as_jpeg(fitted(found.pixels, 1920), words)
            case View.SPECTROGRAM:
                from service.analysis.looking.sound import spectrogram  # librosa takes a second

                return spectrogram(self._reader.audio(file).samples)
        return _OF_PICTURES[asked.view](self._reader.image(file).pixels)

    def differences(self, file: BinaryIO, other: BinaryIO) -> Drawn:
        """How one picture differs from another. Raises `DetectorError`, `NothingToShow`."""
        first, second = (self._reader.image(it).pixels for it in (file, other))
        return difference.differences(first, second)
