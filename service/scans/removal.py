"""Remove the row of a scan even where the disk is full."""

from datetime import datetime

from sqlalchemy.exc import OperationalError

from service.db.scans import ScanRows
from service.storage.protocol import BlobStore


def remove(rows: ScanRows, store: BlobStore, tenant: str, scan_id: str, now: datetime) -> bool:
    """Whether there was such a scan.

    On a full disk even a deletion finds no room in the database, until the file is gone.
    """
    try:
        return rows.delete(tenant, scan_id, now)
    except OperationalError:
        if store.roomy():
            raise
        for blob in rows.blobs(tenant, scan_id):
            store.delete(blob)
        return rows.delete(tenant, scan_id, now)
