"""Put the service together from settings: what the web process and the workers both need."""

from datetime import timedelta

from service.arguments import upload_limits
from service.db.engine import Database
from service.db.migrate import upgrade
from service.reporting.signature import ReportSigner
from service.scans.index_entries import IndexEntries
from service.scans.queue import Broker, CeleryQueue
from service.scans.storage import FolderStore
from service.scans.use_cases import Analyst, ScanPolicy, Scans
from service.settings import Settings


def build_scans(settings: Settings, *, pipeline: Analyst | None = None) -> Scans:
    """Scans on the configured database, storage and broker, with the schema brought up to date.

    The web process passes no pipeline: it accepts scans and runs none.
    """
    database = Database(database_url(settings))
    upgrade(database.engine)
    return Scans(
        database=database,
        store=FolderStore(settings.data_dir / "blobs"),
        queue=CeleryQueue(broker(settings)),
        policy=scan_policy(settings),
        signer=ReportSigner.at(settings.report_key),
        pipeline=pipeline,
        known=IndexEntries(settings.index, adds=settings.index_scans),
    )


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
    )
