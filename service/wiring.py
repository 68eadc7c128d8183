"""Put the service together from settings: what the web process and the workers both need."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from service.access.accounts import Accounts
from service.access.counters import IN_PROCESS
from service.access.meter import Meter, Quotas
from service.access.people import People
from service.access.sessions import Sessions
from service.access.tenants import Tenants
from service.analysis.source import DEFAULT_TENANT
from service.arguments import upload_limits
from service.db.access import AccessRows, OwnLimits
from service.db.engine import Database
from service.db.migrate import upgrade
from service.db.outbox import announce_batch
from service.db.retention import Keeping
from service.errors import (
    SealingKeyInvalid,
    SettingsInvalid,
    SigningKeyInvalid,
    StorageUnavailable,
)
from service.fetch import Guard, fetch
from service.reporting.signature import ReportSigner
from service.scans.batches import Batches, Fetch
from service.scans.index_entries import IndexEntries
from service.scans.looking import Looking, Painter
from service.scans.places import Places
from service.scans.policy import ScanPolicy
from service.scans.queue import VIEW_TASK, WEBHOOK_TASK, Broker, CeleryQueue
from service.scans.resumable import Uploads
from service.scans.runner import Analyst
from service.scans.use_cases import Scans
from service.settings import Settings
from service.storage.opening import open_store
from service.webhooks.ringing import Ringer
from service.webhooks.sealing import Seal
from service.webhooks.sending import Sender
from service.webhooks.use_cases import Webhooks

if TYPE_CHECKING:
    from service.access.oidc import Provider

SENTINEL: Final = "sentinel://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The use cases of one process, on one database and one store."""

    scans: Scans
    uploads: Uploads
    batches: Batches
    looking: Looking
    webhooks: Webhooks
    sender: Sender
    ringer: Ringer


def guarded_fetch(settings: Settings) -> Fetch:
    """Fetches what strangers name, from public addresses and no more than may be uploaded."""
    guard = Guard(max_bytes=max(upload_limits(settings).values()))
    return partial(fetch, guard=guard)


def shared_places(settings: Settings) -> Places:
    """What tenants may have read by its path."""
    folders: dict[str, tuple[Path, ...]] = {}
    for tenant, folder in settings.shared_folders:
        folders[tenant] = (*folders.get(tenant, ()), folder)
    return Places(folders)


def webhook_guard(settings: Settings) -> Guard:
    """What a message to a receiver may do."""
    seconds = settings.webhooks.seconds
    return Guard(max_bytes=0, seconds=seconds, silence=seconds, networks=settings.webhooks.networks)


def open_database(settings: Settings) -> Database:
    """The configured database, with the schema brought up to date. Raises `SettingsInvalid`."""
    with _usable("database"):
        database = database_of(settings)
        upgrade(database.engine)
    return database


def build(
    settings: Settings,
    *,
    pipeline: Analyst | None = None,
    painter: Painter | None = None,
    database: Database | None = None,
) -> Built:
    """All on the configured storage and broker, and on this database or the configured one.

    The web process passes neither pipeline nor painter: it runs and draws nothing. Raises `SettingsInvalid`
    when a part cannot be used.
    """
    with _usable("storage"):
        store = open_store(
            settings.blobs, reserve=settings.reserve_bytes, silence=settings.storage_seconds
        )
    database = database or open_database(settings)
    with _usable("keys"):
        signer = report_signer(settings)
        seal = Seal.at(settings.webhook_key)
    policy = scan_policy(settings)
    scans = Scans(
        database=database,
        store=store,
        queue=CeleryQueue(broker(settings)),
        policy=policy,
        signer=signer,
        pipeline=pipeline,
        known=IndexEntries(settings.index, adds=settings.index_scans),
    )
    uploads = Uploads(
        database=database,
        store=store,
        limits=upload_limits(settings),
        patience=timedelta(seconds=settings.uploads.resume_seconds),
        direct=timedelta(seconds=settings.uploads.direct_seconds),
    )
    batches = Batches(
        database=database,
        scans=scans,
        uploads=uploads,
        fetch=guarded_fetch(settings),
        finished=announce_batch,
        meter=build_meter(settings, database),
    )
    guard = webhook_guard(settings)
    return Built(
        scans=scans,
        uploads=uploads,
        batches=batches,
        looking=Looking(
            database=database,
            keeping=scans.keeping,
            store=store,
            queue=CeleryQueue(broker(settings), VIEW_TASK),
            painter=painter,
        ),
        webhooks=Webhooks(database, guard, seal, DEFAULT_TENANT),
        sender=Sender(database, guard, seal, keep=timedelta(days=settings.webhooks.keep_days)),
        ringer=Ringer(database, CeleryQueue(broker(settings), WEBHOOK_TASK)),
    )


def build_scans(settings: Settings, *, database: Database | None = None) -> Scans:
    """Scans alone, for whoever runs none. Raises `SettingsInvalid`."""
    return build(settings, database=database).scans


def build_webhooks(settings: Settings, database: Database) -> Webhooks:
    """Webhooks alone, those of the default tenant at first. Raises `SettingsInvalid`."""
    with _usable("keys"):
        seal = Seal.at(settings.webhook_key)
    return Webhooks(database, webhook_guard(settings), seal, DEFAULT_TENANT)


def build_people(settings: Settings, database: Database) -> People:
    """Accounts, sessions and the provider, if one is set. Raises `SettingsInvalid`."""
    with _usable("OpenID provider"):
        provider = oidc_provider(settings)
    tenants = Tenants(AccessRows(database))
    return People(Accounts(database, tenants), Sessions(database), tenants, provider)


def build_meter(settings: Settings, database: Database) -> Meter:
    """Counts where the broker is, or in this process where that is a folder."""

    rows = AccessRows(database)

    def own(tenant: str) -> OwnLimits | None:
        found = rows.tenant(tenant)
        return found.limits if found is not None else None

    quotas = settings.quotas
    broker = settings.broker_url
    return Meter(
        Quotas(
            key_requests_per_minute=quotas.key_requests_per_minute,
            key_upload_bytes_per_day=quotas.key_upload_bytes_per_day,
            key_scans_in_flight=quotas.key_scans_in_flight,
            requests_per_minute=quotas.requests_per_minute,
            upload_bytes_per_day=quotas.upload_bytes_per_day,
            scans_in_flight=quotas.scans_in_flight,
        ),
        own,
        IN_PROCESS
        if broker is None
        else _redis(broker.get_secret_value(), settings.broker_options),
    )


def _redis(broker: str, options: Mapping[str, Any]) -> str:
    """The broker's address as `limits` writes it: its parts have other names there."""
    if broker.startswith(SENTINEL):
        hosts = ",".join(part.removeprefix(SENTINEL).strip("/") for part in broker.split(";"))
        return f"redis+sentinel://{hosts}/{options['master_name']}"
    return broker.replace("redis+socket://", "redis+unix://", 1).replace("virtual_host=", "db=")


@contextmanager
def _usable(part: str) -> Iterator[None]:
    """One sentence that names the part; the text of a database's error names no password."""
    try:
        yield
    except (
        SQLAlchemyError,
        CommandError,
        SigningKeyInvalid,
        SealingKeyInvalid,
        StorageUnavailable,
    ) as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise SettingsInvalid(f"{part}: {reason}") from error
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise SettingsInvalid(f"{part}: {error.strerror or error}{place}") from error


def report_signer(settings: Settings) -> ReportSigner:
    return ReportSigner.at(settings.report_key, settings.data_dir / "keys" / "published.json")


def database_of(settings: Settings, *, only_look: bool = False) -> Database:
    """The configured database as it is, which is not asked for anything yet."""
    return Database(database_url(settings), only_look=only_look, pooled=settings.database_pooled)


def database_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.data_dir.absolute() / 'assay.db'}"


def oidc_provider(settings: Settings) -> "Provider | None":
    """None where none is set. Raises `OSError` when its secret cannot be read."""
    oidc = settings.oidc
    if not oidc.issuer:
        return None
    from service.access.oidc import Provider, Registration  # 10 MB that no worker needs

    secret = oidc.client_secret.get_secret_value() if oidc.client_secret is not None else None
    if oidc.client_secret_file is not None:
        secret = oidc.client_secret_file.read_text().strip()
    return Provider(
        Registration(
            issuer=oidc.issuer,
            client_id=oidc.client_id,
            client_secret=secret,
            roles=dict(oidc.groups),
            tenant=oidc.tenant,
            session=timedelta(minutes=oidc.session_minutes),
            scope=oidc.scope,
            groups_claim=oidc.groups_claim,
            hosts=oidc.hosts,
            ca_file=oidc.ca_file,
        )
    )


def broker(settings: Settings) -> Broker:
    if settings.broker_url is not None:
        return Broker.at(settings.broker_url.get_secret_value(), settings.broker_options)
    return Broker.in_folder(settings.data_dir.absolute() / "broker")


def scan_keeping(settings: Settings) -> Keeping:
    """For how long scans are kept whose tenants say nothing themselves."""
    return Keeping(scan_policy(settings).retention)


def scan_policy(settings: Settings) -> ScanPolicy:
    leases = settings.leases
    return ScanPolicy(
        upload_limits=upload_limits(settings),
        keep=timedelta(days=settings.keep_days) if settings.keep_days else None,
        keep_apart=settings.retention.parts(),
        lease_seconds=leases.seconds,
        attempts=leases.attempts,
        resend_after=timedelta(seconds=leases.resend_seconds),
        orphan_after=timedelta(seconds=leases.orphan_seconds),
        sweep_every=timedelta(seconds=leases.sweep_seconds),
        reconcile_seconds=leases.reconcile_seconds,
        expire_share=settings.expire_share,
        keep_keys=timedelta(hours=settings.idempotency_hours),
    )
