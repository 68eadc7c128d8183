"""Looking closer: a view of a scan's file is drawn by a worker once somebody asks, and kept with the scan."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, Final, Protocol

from structlog.contextvars import bound_contextvars

from detectors.base import Kind
from detectors.errors import DetectorError
from service.analysis.looking.catalogue import OF, Asked, Drawn, View, asked, compared_with
from service.db import views
from service.db.engine import Database
from service.db.lifecycle import VIEWS_QUEUE, Failure, Scan, State
from service.db.retention import Keeping
from service.db.retention_lifecycle import Part
from service.db.views import Order, Picture, ViewRows
from service.errors import BlobMissing, NothingToShow, ServiceError
from service.scans.absent import check_there
from service.scans.queue import Queue
from service.scans.refusals import ViewNotFound, ViewNotReady, ViewRefused, ViewsNotKept
from service.scans.use_cases import Scans
from service.storage.protocol import BlobStore, put, read

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.25
"""Between two looks at whether a view is drawn."""

LARGEST: Final = 48 * 1024**2
"""Bytes of a picture that is kept."""


class Painter(Protocol):
    """What draws: `service.analysis.looking.painter.Painter`, or a stand-in."""

    def draw(self, asked: Asked, file: BinaryIO) -> Drawn:
        """Raises `DetectorError`, `NothingToShow`."""
        ...

    def differences(self, file: BinaryIO, other: BinaryIO) -> Drawn:
        """Raises `DetectorError`, `NothingToShow`."""
        ...


class Looking:
    """Views of the scans of every tenant: whoever asks shows the scans of theirs. Thread-safe."""

    def __init__(
        self,
        *,
        database: Database,
        keeping: Keeping,
        store: BlobStore,
        queue: Queue,
        now: Callable[[], datetime] | None = None,
        painter: Painter | None = None,  # None where nothing is drawn: the web process
    ) -> None:
        self._rows = ViewRows(database, keeping)
        self._store = store
        self._queue = queue
        self._now = now or database.now
        self._painter = painter

    def of(self, scan: Scan) -> dict[str, views.View]:
        """The views of a scan that were asked for, by name."""
        return {view.name: view for view in self._rows.of(scan.id)}

    def why_not(self, scan: Scan) -> str:
        """Why no view of this scan can be drawn, as a sentence; empty if they can."""
        if scan.state is not State.DONE:
            return "The scan has no report yet."
        if Part.BYTES in scan.gone:
            return (
                "The file was deleted at the end of its retention, so no further view of it can "
                "be drawn."
            )
        if scan.sealed or Part.PREVIEWS in scan.gone or not self._rows.may_keep(scan.id):
            return "Views are not drawn of files of which no picture may be kept."
        return ""

    def view(self, scans: Scans, scan: Scan, untrusted_name: str) -> tuple[bytes, str]:
        """A view and its media type; a worker is woken for one that is not drawn yet.

        Raises `ViewNotFound`, `ViewNotReady`, `ViewRefused`, `ViewsNotKept`, `BytesGone`,
        `PreviewGone`, `QueueUnavailable`.
        """
        wanted = asked(untrusted_name)
        if wanted is None:
            raise ViewNotFound(f"no view {untrusted_name[:40]!r} of this file")
        found = self._rows.find(scan.id, untrusted_name)
        if found is None:  # else whoever asked first was told whether there is such a view
            self._check_kind(scans, scan, wanted.view, untrusted_name)
        return self._have(scan, untrusted_name, None, found)

    def difference(self, scan: Scan, other: Scan) -> tuple[bytes, str]:
        """How the picture of one scan differs from that of another. Raises what `view` raises."""
        for it in (scan, other):
            if it.kind is not Kind.IMAGE:
                raise ViewNotFound(f"scan {it.id} is of no picture")
        self._check(other)
        name = compared_with(other.id)
        return self._have(scan, name, other.id, self._rows.find(scan.id, name))

    def pictures(
        self, scans: Scans, scan: Scan, names: Sequence[str], *, seconds: float
    ) -> dict[str, bytes]:
        """Those of these views that are there, or are drawn by workers within so many seconds."""
        found: dict[str, bytes] = {}
        waiting, until = list(names), time.monotonic() + seconds
        while waiting:
            late = []
            for name in waiting:
                try:
                    found[name], _media_type = self.view(scans, scan, name)
                except ViewNotReady:
                    late.append(name)
                except ServiceError as error:
                    log.info("not shown", extra={"scan": scan.id, "view": name, "code": error.code})
            waiting = late if time.monotonic() < until else []
            if waiting:
                time.sleep(LOOK_SECONDS)
        return {name: found[name] for name in names if name in found}

    def _have(
        self, scan: Scan, name: str, other: str | None, found: views.View | None
    ) -> tuple[bytes, str]:
        if found is None or (found.blob is None and found.failure is None):
            self._check(scan)
            found = self._rows.ask(scan.tenant, scan.id, name, other, self._now())
        if found.failure is not None:
            raise ViewRefused(found.failure.sentence)
        if found.blob is not None:
            with suppress(BlobMissing):
                return read(self._store, found.blob), found.media_type or ""
        if found.rings:
            self._ring(scan.id)
        raise ViewNotReady(f"{name} of scan {scan.id} is being drawn")

    def _check_kind(self, scans: Scans, scan: Scan, view: View, untrusted_name: str) -> None:
        kind = scan.kind if scan.state is not State.DONE else scans.report(scan.id).subject.kind
        if kind is None or view not in OF[kind]:
            raise ViewNotFound(f"no view {untrusted_name[:40]!r} of this file")

    def _ring(self, scan_id: str) -> None:
        for key in self._rows.surplus(scan_id):
            self._store.delete(key)
        self._queue.enqueue(scan_id, VIEWS_QUEUE)

    def _check(self, scan: Scan) -> None:
        if scan.state is not State.DONE:
            raise ViewNotReady(f"scan {scan.id} is {scan.state}")
        check_there(scan, Part.PREVIEWS)
        check_there(scan, Part.BYTES)
        if scan.sealed or not self._rows.may_keep(scan.id):
            raise ViewsNotKept(f"no picture of scan {scan.id} may be kept")

    def draw(self, scan_id: str) -> int:
        """Draw what was asked for of a scan and nobody draws yet; how many views.

        Errors that the engines raise on purpose refuse a view for good.
        """
        count = 0
        while (order := self._rows.take(scan_id, self._now())) is not None:
            with bound_contextvars(tenant=order.tenant):
                self._finish(scan_id, order)
            count += 1
        return count

    def _finish(self, scan_id: str, order: Order) -> None:
        try:
            drawn = self._draw(order)
        except (DetectorError, BlobMissing, NothingToShow) as error:
            log.info("not drawn", extra={"scan": scan_id, "view": order.name, "code": error.code})
            self._rows.refuse(order, Failure.of(error.code, str(error)))
            return
        if len(drawn.picture) > LARGEST:
            sentence = f"The picture would take more than {LARGEST} bytes."
            self._rows.refuse(order, Failure("media_too_large", sentence))
            return
        blob = put(self._store, order.tenant, drawn.picture)
        picture = Picture(blob=blob, media_type=drawn.media_type, sentences=drawn.sentences)
        if not self._rows.drawn(order, picture):
            self._store.delete(blob)
        log.info("drawn", extra={"scan": scan_id, "view": order.name})

    def _draw(self, order: Order) -> Drawn:
        if self._painter is None:
            raise RuntimeError("this process has no painter and draws nothing")
        with self._store.open(order.blob) as file:
            if order.other is not None:
                with self._store.open(order.other) as other:
                    return self._painter.differences(file, other)
            wanted = asked(order.name)
            if wanted is None:
                raise RuntimeError(f"{order.name} was asked for and is no view")
            return self._painter.draw(wanted, file)
