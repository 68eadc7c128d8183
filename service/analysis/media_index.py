"""The operator's index of known media: look decoded media up in it, and add them to it.

Numpy and OpenCV come with this module; the command line and the classifier import it on use.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cv2

from detectors.base import Audio, Image, Media
from provenance.errors import ProvenanceError
from provenance.result import Provenance
from provenance.similarity.result import Match, Original
from provenance.similarity.search import Index, Prepared, prepare
from provenance.similarity.search import Media as Describable
from provenance.similarity.store import OPERATOR
from service.reporting.report import NotChecked, Subject

log = logging.getLogger(__name__)

KNOWN_MEDIA: Final = "known media"
"""What a look-up is called where it gave no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """What looking a file up came to; `prepared` is None where it could not be described."""

    matches: tuple[Match, ...] = ()
    missing: tuple[NotChecked, ...] = ()
    prepared: Prepared | None = None


class MediaIndex:
    """An index in a folder. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self.index = Index(folder)

    @property
    def exists(self) -> bool:
        return self.index.store.exists

    def look_up(self, media: Media, *, sha256: str, tenant: str) -> LookUp:
        """The originals that media are copies of. An index that fails is a stated gap."""
        prepared = None
        try:
            prepared = described(media)
            exists = self.exists
            matches = self.index.search(prepared, sha256, tenant=tenant) if exists else ()
        except (ProvenanceError, OSError, cv2.error) as error:
            log.warning("known media were not searched", extra={"error": str(error)})
            return LookUp(missing=(_unsearched(error),), prepared=prepared)
        return LookUp(matches=matches, prepared=prepared)

    def add(
        self,
        prepared: Prepared,
        subject: Subject,
        provenance: Provenance | None,
        *,
        tenant: str,
        holder: str = OPERATOR,
    ) -> bool:
        """Add a described file; False if its content was there already. Raises `IndexDamaged`."""
        if subject.kind is None:
            raise ValueError("only media are indexed")
        original = Original(
            sha256=subject.sha256,
            name=subject.name,
            kind=subject.kind.value,
            media_type=subject.media_type,
            width=subject.width,
            height=subject.height,
            seconds=subject.seconds,
            added_at=datetime.now(UTC),
            provenance=provenance,
        )
        return self.index.add(prepared, original, tenant=tenant, holder=holder)


def described(media: Media) -> Prepared:
    """Describe decoded media of any kind; of a film its frames and its sound."""
    return prepare(_describable(media))


def _describable(media: Media) -> Describable:
    if isinstance(media, Image):
        height, width = media.pixels.shape[:2]
        return Describable(pictures=media.pixels[None], width=width, height=height)
    if isinstance(media, Audio):
        return Describable(samples=media.samples, seconds=media.seconds)
    height, width = media.frames.shape[1:3]
    return Describable(
        pictures=media.frames,
        times=media.times.tolist(),
        samples=None if media.audio is None else media.audio.samples,
        width=width,
        height=height,
        seconds=media.seconds,
    )


def _unsearched(error: Exception) -> NotChecked:
    return NotChecked(
        what=KNOWN_MEDIA,
        reason="index_unreadable",
        statement=f"The index of known media could not be searched: {error}.",
    )
