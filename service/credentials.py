"""Have provenance read in a sandboxed child of its own, under the operator's trust lists."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from detectors.errors import MediaError
from detectors.media.limits import Confinement
from detectors.media.sandbox import HandlerError, SandboxPool
from provenance.client import read_through
from provenance.errors import ProvenanceError
from provenance.result import Provenance
from provenance.trust import TrustSnapshot, TrustStore
from service.report import NotChecked

log = logging.getLogger(__name__)

HANDLER: Final = "provenance.child:handle"
WALL_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Read:
    """What reading came to: provenance, or the reason why there is none."""

    provenance: Provenance | None
    missing: tuple[NotChecked, ...] = ()


class Credentials:
    """Reads credentials and declared markers; as many files at once as there are children."""

    def __init__(self, *, trust_dir: Path, children: int, confinement: Confinement) -> None:
        self._trust = _Trust(trust_dir)
        self._pool = SandboxPool(handler=HANDLER, size=children, confinement=confinement)

    def close(self) -> None:
        self._pool.close()

    def warm(self) -> None:
        """Start a child now rather than with the first file."""
        self._pool.hardening()

    def read(self, file: BinaryIO, media_type: str) -> Read:
        """Read one file. A child that crashes, hangs or refuses is a stated gap, not an error.

        So is a trust store that was damaged since the service started.
        """

        def send(request: Mapping[str, Any]) -> Mapping[str, Any]:
            return self._pool.call(request, file, seconds=WALL_SECONDS).body

        try:
            return Read(read_through(send, media_type=media_type, snapshot=self._trust.current()))
        except (MediaError, HandlerError, ProvenanceError) as error:
            log.warning("provenance was not read", extra={"code": error.code})
            statement = f"Content Credentials and metadata could not be read: {error}."
            missing = NotChecked(what="provenance", reason="provenance_failed", statement=statement)
            return Read(None, (missing,))


class _Trust:
    """The operator's lists, read again whenever the folder changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = TrustStore(folder)
        self._stamp: int | None = None
        self._snapshot = TrustSnapshot()

    def current(self) -> TrustSnapshot:
        stamp = self._folder.stat().st_mtime_ns if self._folder.is_dir() else 0
        if stamp != self._stamp:
            self._snapshot = self._store.snapshot()
            self._stamp = stamp
        return self._snapshot
