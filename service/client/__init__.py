"""Python client of the assay API, sync and async; built and installed by itself as `assay-client`."""

from .asynchronous import AsyncClient
from .blocking import Client
from .errors import (
    AssayError,
    NotReachable,
    Refused,
    ScanFailed,
    SignatureInvalid,
    TookTooLong,
    WebhookInvalid,
)
from .models import BatchEvent, Event, Report, Scan
from .retries import Retries
from .verification import verify_report, verify_webhook

__all__ = [
    "AssayError",
    "AsyncClient",
    "BatchEvent",
    "Client",
    "Event",
    "NotReachable",
    "Refused",
    "Report",
    "Retries",
    "Scan",
    "ScanFailed",
    "SignatureInvalid",
    "TookTooLong",
    "WebhookInvalid",
    "verify_report",
    "verify_webhook",
]
