"""Finish deletions: remove every byte that is left, then sign a receipt that says so."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

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
        """Remove what is left of this scan and keep the receipt. Raises `StorageUnavailable`."""
        deletion = self._rows.get_open(scan_id)
        if deletion is not None:
            self._finish(deletion)

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

    def receipt(self, tenant: str, scan_id: str) -> SignedReceipt | None:
        return self._rows.receipt(tenant, scan_id)

    def _finish(self, deletion: Deletion) -> None:
        for key in deletion.blobs:
            self._store.delete(key)
        entries = self._known.forget((deletion.scan_id,)) if self._known is not None else 0
        removed = deletion.removed
        if entries:
            removed = (*removed, Removed(item=Item.INDEX_ENTRY, count=entries))
        receipt = Receipt(
            scan=deletion.scan_id,
            tenant=deletion.tenant,
            asked_at=deletion.at,
            removed_at=self._now(),
            actor=deletion.actor,
            because=deletion.because,
            removed=removed,
        )
        self._rows.close(receipt, self._signer.sign_text(receipt.model_dump_json(), TYPE))
