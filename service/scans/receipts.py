"""Finish deletions: remove every byte that is left, then sign a receipt that says so."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from service.db.lifecycle import is_scan_id
from service.db.receipts import Deletion, DeletionRows
from service.errors import StorageUnavailable
from service.reporting.receipt import TYPE, Item, Receipt, Removed, SignedReceipt
from service.reporting.signature import ReportSigner
from service.scans.index_entries import IndexEntries
from service.storage.protocol import BlobStore

log = logging.getLogger(__name__)

BATCH: Final = 500


class Deletions:
    """What a deletion that was begun in the database still needs. Safe to repeat, and beside others."""

    def __init__(
        self,
        rows: DeletionRows,
        store: BlobStore,
        known: IndexEntries | None,
        signer: ReportSigner,
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._store = store
        self._known = known
        self._signer = signer
        self._now = now

    def finish(self, scan_id: str) -> None:
        """Remove what is left of this scan, or of parts of it, and keep the receipt.

        Raises `StorageUnavailable`.
        """
        for deletion in self._rows.open_of(scan_id):
            self._finish(deletion)

    def finish_soon(self, scan_id: str) -> None:
        """As `finish`, now if the storage answers, else by a later round of the reconciler."""
        try:
            self.finish(scan_id)
        except StorageUnavailable as error:
            log.warning("not deleted yet: %s", error, extra={"scan": scan_id})

    def finish_all(self) -> int:
        """Finish the deletions that were cut short; how many. One that cannot be waits."""
        finished = 0
        for deletion in self._rows.open(BATCH):
            try:
                self._finish(deletion)
            except StorageUnavailable as error:
                log.warning("not deleted yet: %s", error, extra={"scan": deletion.scan_id})
            else:
                finished += 1
        return finished

    def receipts(self, tenant: str, scan_id: str) -> tuple[SignedReceipt, ...]:
        """Those of one scan, the oldest first."""
        return self._rows.receipts(tenant, scan_id) if is_scan_id(scan_id) else ()

    def _finish(self, deletion: Deletion) -> None:
        for key in deletion.blobs:
            self._store.delete(key)
        removed = deletion.removed
        if deletion.indexed and self._known is not None:
            entries = self._known.forget((deletion.scan_id,))
            if entries:
                removed = (*removed, Removed(item=Item.INDEX_ENTRY, count=entries))
        if not removed:  # an entry that another scan holds too stays for that one
            self._rows.drop(deletion)
            return
        receipt = Receipt(
            scan=deletion.scan_id,
            tenant=deletion.tenant,
            asked_at=deletion.at,
            removed_at=self._now(),
            actor=deletion.actor,
            because=deletion.because,
            removed=removed,
        )
        signature = self._signer.sign_text(receipt.model_dump_json(), TYPE)
        self._rows.close(deletion, receipt, signature)
