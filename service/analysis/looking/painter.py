"""Draw views: files are decoded in sandboxed children, pictures are made here of checked arrays."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO, Final

from detectors.media.limits import Confinement, Limits
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import SandboxPool
from service.analysis.handlers import THUMBNAILS
from service.analysis.looking import clones, difference, film, manifests, picture
from service.analysis.looking.catalogue import Asked, Drawn, View
from service.analysis.looking.drawing import CELL, Pixels, as_jpeg, fitted
from service.reporting.timeline import clock

_OF_PICTURES: Final[Mapping[View, Callable[[Pixels], Drawn]]] = {
    View.NATIVE: picture.native,
    View.ERROR_LEVEL: picture.error_level,
    View.NOISE: picture.noise,
    View.GHOSTS: picture.ghosts,
    View.CLONES: clones.clones,
}


class Painter:
    """Draws one view at a time. Its children are started when first needed, and kept."""

    def __init__(self, confinement: Confinement, limits: Limits) -> None:
        self._pool = SandboxPool(handler=HANDLER, size=1, confinement=confinement)
        self._manifests = SandboxPool(handler=THUMBNAILS, size=1, confinement=confinement)
        self._reader = MediaReader(self._pool, limits)
        self._small = MediaReader(self._pool, replace(limits, pixels=manifests.PIXELS))

    def close(self) -> None:
        """Stop the children."""
        self._pool.close()
        self._manifests.close()

    def draw(self, asked: Asked, file: BinaryIO) -> Drawn:
        """One view of a file. Raises `DetectorError`, `NothingToShow`."""
        match asked.view:
            case View.CONTACT_SHEET:
                budget = FrameBudget(frames=film.FRAMES, short_side=CELL)
                return film.contact_sheet(self._reader.video(file, budget))
            case View.FRAME:
                found = self._reader.frame(file, asked.number)
                words = f"Frame {asked.number} of {found.count}, at {clock(found.seconds)}."
                return as_jpeg(fitted(found.pixels, 1920), words)
            case View.THUMBNAIL:
                return manifests.thumbnail(self._manifests, self._small, asked, file)
            case View.SPECTROGRAM:
                from service.analysis.looking.sound import spectrogram  # librosa takes a second

                return spectrogram(self._reader.audio(file).samples)
        return _OF_PICTURES[asked.view](self._reader.image(file).pixels)

    def differences(self, file: BinaryIO, other: BinaryIO) -> Drawn:
        """How one picture differs from another. Raises `DetectorError`, `NothingToShow`."""
        first, second = (self._reader.image(it).pixels for it in (file, other))
        return difference.differences(first, second)
