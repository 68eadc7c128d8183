"""Every table there is, for the migrations and for the test that compares the two."""

from typing import Final

from sqlalchemy import MetaData

from service.db import (
    access_tables,
    account_tables,
    batch_tables,
    check_tables,
    desk_tables,
    idempotency_tables,
    models,
    policy_tables,
    receipt_tables,
    retention_tables,
    review_tables,
    trail_tables,
    upload_tables,
    view_tables,
    webhook_tables,
)
from service.db.base import Base

_TABLES: Final = (
    access_tables,
    account_tables,
    batch_tables,
    check_tables,
    desk_tables,
    idempotency_tables,
    models,
    policy_tables,
    receipt_tables,
    retention_tables,
    review_tables,
    trail_tables,
    upload_tables,
    view_tables,
    webhook_tables,
)
"""The modules that declare tables; importing them is what makes the metadata complete."""

METADATA: Final[MetaData] = Base.metadata
