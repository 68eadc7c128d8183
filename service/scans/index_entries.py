"""What scans put into the index of known media, and how it leaves again with them.

Loads numpy only where something is added, so that the web process can forget.
"""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from provenance.errors import ProvenanceError
from provenance.similarity.store import OPERATOR, IndexStore
from service.analysis.pipeline import Analysis

log = logging.getLogger(__name__)

_ANY: Final = ""  # releasing compares no descriptors


class IndexEntries:
    """The part of the index that scans hold. An index that cannot be used only delays."""

    def __init__(self, folder: Path, *, adds: bool) -> None:
        """With `adds` every finished scan of media is kept until it is deleted."""
        self._folder = folder
        self._adds = adds
        self._store = IndexStore(folder, descriptor=_ANY)

    def wants(self, analysis: Analysis) -> bool:
        """Whether `keep` would add what a scan saw."""
        described = analysis.prepared is not None and analysis.report.subject.kind is not None
        return self._adds and described

    def keep(self, scan_id: str, analysis: Analysis, *, tenant: str) -> None:
        """Add what a scan saw, held by the scan."""
        report, prepared = analysis.report, analysis.prepared
        if prepared is None or not self.wants(analysis):
            return
        from service.analysis.media_index import MediaIndex

        try:
            MediaIndex(self._folder).add(
                prepared, report.subject, report.provenance, tenant=tenant, holder=scan_id
            )
        except (ProvenanceError, OSError) as error:
            log.warning("not indexed: %s", error, extra={"scan": scan_id})

    def forget(self, scan_ids: Iterable[str]) -> int:
        """Let go of what these scans hold, and say how many entries went with it."""
        try:
            return self._store.release(scan_ids)
        except (ProvenanceError, OSError) as error:
            log.error("still in the index: %s", error)
            return 0

    def holding(self) -> Iterator[str]:
        """The scans that hold something."""
        try:
            yield from (name for name in self._store.holders() if name != OPERATOR)
        except (ProvenanceError, OSError) as error:
            log.error("the index cannot be swept: %s", error)
