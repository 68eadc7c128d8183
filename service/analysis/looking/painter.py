"""Draw views: files are decoded in sandboxed children, pictures are made here of checked arrays."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO, Final

from detectors.errors import DetectorError
from detectors.media.limits import Confinement, Limits
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import SandboxPool
from service.analysis.handlers import THUMBNAILS
from service.analysis.looking import clones, difference, film, manifests, picture
from service.analysis.looking.catalogue import THUMBNAILS as MOST
from service.analysis.looking.catalogue import Asked, Drawn, View, asked
from service.analysis.looking.drawing import CELL, Pixels, as_jpeg, fitted
from service.errors import NothingToShow
from service.reporting.timeline import clock

_OF_PICTURES: Final[Mapping[View, Callable[[Pixels], Drawn]]] = {
    View.NATIVE: picture.native,
    View.ERROR_LEVEL: picture.error_level,
    View.NOISE: picture.noise,
    View.GHOSTS: picture.ghosts,
    View.CLONES: clones.clones,
}

SMALL_SECONDS: Final = 10.0
"""For all thumbnails of a file together; what is not drawn by then is left out."""


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

    def draw(self, wanted: Asked, file: BinaryIO) -> Drawn:
        """One view of a file. Raises `DetectorError`, `NothingToShow`."""
        match wanted.view:
            case View.CONTACT_SHEET:
                budget = FrameBudget(frames=film.FRAMES, short_side=CELL)
                return film.contact_sheet(self._reader.video(file, budget))
            case View.FRAME:
                found = self._reader.frame(file, wanted.number)
                words = f"Frame {wanted.number} of {found.count}, at {clock(found.seconds)}."
                return as_jpeg(fitted(found.pixels, 1920), words)
            case View.THUMBNAIL:
                return manifests.thumbnail(self._manifests, self._small, wanted, file)
            case View.SPECTROGRAM:
                from service.analysis.looking.sound import spectrogram  # librosa takes a second

                return spectrogram(self._reader.audio(file).samples)
        return _OF_PICTURES[wanted.view](self._reader.image(file).pixels)

    def thumbnails(
        self, names: Iterable[str], file: BinaryIO, store: bytes | None = None
    ) -> dict[str, Drawn]:
        """By name those of these thumbnails that can be drawn, the first `MOST` of them.

        `store` is the manifest store of a file that holds none itself.
        """
        drawn: dict[str, Drawn] = {}
        until = time.monotonic() + SMALL_SECONDS
        for name in names:
            wanted = asked(name)
            if len(drawn) == MOST or time.monotonic() > until:
                break
            if wanted is not None:
                with suppress(DetectorError, NothingToShow):
                    drawn[name] = manifests.thumbnail(
                        self._manifests, self._small, wanted, file, store
                    )
        return drawn

    def differences(self, file: BinaryIO, other: BinaryIO) -> Drawn:
        """How one picture differs from another. Raises `DetectorError`, `NothingToShow`."""
        first, second = (self._reader.image(it).pixels for it in (file, other))
        return difference.differences(first, second)
