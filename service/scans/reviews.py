"""Reviews of scans: what people came to, kept beside what assay came to."""

from collections.abc import Callable, Iterator
from datetime import datetime

from service.db.engine import Database
from service.db.lifecycle import Judgement, Review, Reviewed
from service.db.reviews import ReviewRows


class Reviews:
    """The reviews of one tenant's scans, which the caller looked up."""

    def __init__(self, database: Database, tenant: str, now: Callable[[], datetime]) -> None:
        self._rows = ReviewRows(database)
        self._tenant = tenant
        self._now = now

    def add(self, scan_id: str, judgement: Judgement, note: str, *, actor: str) -> Review:
        """Keep a judgement; earlier ones stay."""
        return self._rows.add(
            self._tenant, scan_id, judgement=judgement, note=note, actor=actor, now=self._now()
        )

    def list(self, scan_id: str, *, limit: int, before: int | None = None) -> tuple[Review, ...]:
        """Those of one scan, the newest first, of those before one."""
        return self._rows.page(self._tenant, scan_id, limit=limit, before=before)

    def reviewed(self) -> Iterator[Reviewed]:
        """Every scan with a review and a report, by its latest review, the newest first."""
        return self._rows.reviewed(self._tenant)
