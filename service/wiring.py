"""Put the service together from settings: what the web process and the workers both need."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from service.arguments import upload_limits
from service.db.engine import Database
from service.db.migrate import upgrade
from service.errors import SettingsInvalid, SigningKeyInvalid
from service.reporting.signature import ReportSigner
from service.scans.index_entries import IndexEntries
from service.scans.policy import ScanPolicy
from service.scans.queue import Broker, CeleryQueue
from service.scans.runner import Analyst
from service.scans.storage import FolderStore
from service.scans.use_cases import Scans
from service.settings import Settings


def open_database(settings: Settings) -> Database:
    """The configured database, with the schema brought up to date. Raises `SettingsInvalid`."""
    with _usable("database"):
        database = Database(database_url(settings))
        upgrade(database.engine)
    return database


def build_scans(
    settings: Settings, *, pipeline: Analyst | None = None, database: Database | None = None
) -> Scans:
    """Scans on the configured storage and broker, and on this database or the configured one.

    The web process passes no pipeline: it accepts scans and runs none. Raises `SettingsInvalid`
    when a part cannot be used.
    """
    with _usable("storage"):
        store = FolderStore(settings.data_dir / "blobs", reserve=settings.reserve_bytes)
    database = database or open_database(settings)
    with _usable("keys"):
        signer = report_signer(settings)
    return Scans(
        database=database,
        store=store,
        queue=CeleryQueue(broker(settings)),
        policy=scan_policy(settings),
        signer=signer,
        pipeline=pipeline,
        known=IndexEntries(settings.index, adds=settings.index_scans),
    )


@contextmanager
def _usable(part: str) -> Iterator[None]:
    """One sentence that names the part; the text of a database's error names no password."""
    try:
        yield
    except (SQLAlchemyError, CommandError, SigningKeyInvalid) as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise SettingsInvalid(f"{part}: {reason}") from error
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise SettingsInvalid(f"{part}: {error.strerror or error}{place}") from error


def report_signer(settings: Settings) -> ReportSigner:
    return ReportSigner.at(settings.report_key, settings.data_dir / "keys" / "published.json")


def database_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.data_dir.absolute() / 'assay.db'}"


def broker(settings: Settings) -> Broker:
    if settings.broker_url is not None:
        return Broker.at(settings.broker_url.get_secret_value())
    return Broker.in_folder(settings.data_dir.absolute() / "broker")


def scan_policy(settings: Settings) -> ScanPolicy:
    leases = settings.leases
    return ScanPolicy(
        upload_limits=upload_limits(settings),
        keep=timedelta(days=settings.keep_days) if settings.keep_days else None,
        lease_seconds=leases.seconds,
        attempts=leases.attempts,
        resend_after=timedelta(seconds=leases.resend_seconds),
        orphan_after=timedelta(seconds=leases.orphan_seconds),
        sweep_every=timedelta(seconds=leases.sweep_seconds),
        reconcile_seconds=leases.reconcile_seconds,
        expire_share=settings.expire_share,
    )
