"""Fill the index of known media: read a file's credentials, decode it, describe it, add it.

No classifier runs and no model is loaded.
"""

import math
from types import TracebackType
from typing import Final, Self

from detectors.base import Image, Kind, Media, kind_of
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import SandboxPool
from provenance.similarity.result import Match
from service.analysis.config import PipelineConfig
from service.analysis.credentials import Credentials
from service.analysis.media_index import MediaIndex, described
from service.analysis.source import Source
from service.reporting.report import Subject

FRAMES: Final = 128
"""Most frames of a film that are indexed; a film up to so many seconds has one for each."""

FRAME_SIDE: Final = 360
"""Shorter side of those frames, in pixels."""


class Librarian:
    """Adds files to an index and looks files up in it; as many at once as there are children."""

    def __init__(self, config: PipelineConfig, index: MediaIndex) -> None:
        self._media = index
        self._credentials = Credentials(
            trust_dir=config.trust_dir,
            children=config.children,
            confinement=config.confinement,
            fetch_store=config.fetch_store,
        )
        self._pool = SandboxPool(
            handler=HANDLER, size=config.children, confinement=config.confinement
        )
        self._reader = MediaReader(self._pool, config.limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.close()
        self._credentials.close()

    def add(self, source: Source) -> bool:
        """Add one file; False if its content is there already, which costs no decoding.

        Raises `MediaError`, `IndexDamaged`.
        """
        store = self._media.index.store
        if store.exists and store.find(source.sha256, tenant=source.tenant) is not None:
            return False
        media = self._decode(source)
        subject = _subject(source, media)
        provenance = self._credentials.read(source).provenance
        return self._media.add(described(media), subject, provenance, tenant=source.tenant)

    def search(self, source: Source) -> tuple[Match, ...]:
        """The originals that one file is a copy of. Raises `MediaError`, `IndexDamaged`."""
        prepared = described(self._decode(source))
        return self._media.index.search(prepared, source.sha256, tenant=source.tenant)

    def _decode(self, source: Source) -> Media:
        if source.type.kind is Kind.IMAGE:
            return self._reader.image(source.file)
        if source.type.kind is Kind.AUDIO:
            return self._reader.audio(source.file)
        probe = self._reader.probe(source.file)
        if probe.kind is not Kind.VIDEO:
            return self._reader.audio(source.file)
        wanted = max(1, min(FRAMES, math.ceil(probe.seconds or FRAMES)))
        budget = FrameBudget(frames=wanted, short_side=FRAME_SIDE)
        return self._reader.video(source.file, budget)


def _subject(source: Source, media: Media) -> Subject:
    width, height, seconds = None, None, None
    if isinstance(media, Image):
        height, width = media.pixels.shape[:2]
    else:
        seconds = media.seconds
    return Subject(
        sha256=source.sha256,
        bytes=source.size,
        name=source.name,
        kind=kind_of(media),
        media_type=source.type.media_type,
        width=width,
        height=height,
        seconds=seconds,
    )
