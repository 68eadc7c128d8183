"""Ask a second, independent verifier about files that carry credentials, where the operator wants.

It runs in sandboxed children of its own: whatever a file does to it costs the second opinion alone.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from detectors.errors import MediaError
from detectors.media.limits import Confinement
from detectors.media.sandbox import HandlerError, SandboxPool
from provenance.client import SECOND_VERIFIER, can_ask_twice, opinion_through
from provenance.errors import ProvenanceError
from provenance.result import Presence, Provenance
from service.analysis.handlers import SECOND_OPINION
from service.analysis.source import Source
from service.reporting.report import NotChecked

log = logging.getLogger(__name__)

WALL_SECONDS: Final = 30.0

NO_SECOND_OPINION: Final = "no_second_opinion"
"""Reason code of a second opinion that was wanted and not had. The first one stands."""

_ASKED_ABOUT: Final = frozenset({Presence.EMBEDDED, Presence.SIDECAR, Presence.UNREADABLE})


class SecondOpinions:
    """Has files verified once more; as many at once as there are children."""

    def __init__(self, *, children: int, confinement: Confinement) -> None:
        self._pool: SandboxPool | None = None
        if can_ask_twice():
            self._pool = SandboxPool(handler=SECOND_OPINION, size=children, confinement=confinement)

    def close(self) -> None:
        """Stop the children."""
        if self._pool is not None:
            self._pool.close()

    def add(self, source: Source, found: Provenance) -> tuple[Provenance, tuple[NotChecked, ...]]:
        """`found` with a second opinion on it, or with the reason why there is none.

        Files without credentials are not asked about, nor are those whose store was fetched or
        that come in segments.
        """
        if found.presence not in _ASKED_ABOUT or source.parts:
            return found, ()
        if self._pool is None:
            return found, (_missing(f"{SECOND_VERIFIER} is not installed"),)
        pool = self._pool

        def send(request: Mapping[str, Any]) -> Mapping[str, Any]:
            return pool.call(request, source.file, seconds=WALL_SECONDS).body

        sidecar = source.sidecar if found.presence is Presence.SIDECAR else None
        manifest = None if sidecar is None else sidecar.store
        try:
            opinion = opinion_through(send, media_type=source.type.media_type, manifest=manifest)
        except (MediaError, HandlerError, ProvenanceError) as error:
            log.warning("there is no second opinion", extra={"code": error.code})
            return found, (_missing(str(error)),)
        engine = (*found.engine, opinion.engine)
        return found.model_copy(update={"second_opinion": opinion, "engine": engine}), ()


def _missing(why: str) -> NotChecked:
    return NotChecked(
        what="second opinion",
        reason=NO_SECOND_OPINION,
        statement=f"No second verifier looked at the credentials: {why}.",
    )
