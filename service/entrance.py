"""Who gets in: keys, people and the door, put together from the settings."""

from collections.abc import Mapping
from typing import Any, Final

from service.access.door import Door, Doorkeeper
from service.access.keyring import Keyring
from service.access.meter import IN_PROCESS, Meter, Quotas
from service.access_errors import NobodyToLetIn
from service.api.authentication import BearerKeys, Entrance
from service.api.hosts import Hosts
from service.api.sessions import Cookies
from service.db.access import AccessRows, OwnLimits
from service.db.engine import Database
from service.settings import Settings
from service.wiring import build_people

SENTINEL: Final = "sentinel://"


def build_entrance(settings: Settings, database: Database, *, alone: bool) -> Entrance:
    """All ways into the application, `alone` for a service that one person uses on loopback.

    Raises `NobodyToLetIn` where nobody could come in.
    """
    rows = AccessRows(database)
    keyring = Keyring(rows)
    people = build_people(settings, database)
    way = door(settings, alone=alone)
    keeper = Doorkeeper(way, (keyring.ever, people.wanted))
    if way is Door.LOCKED and not keeper.anybody():
        raise NobodyToLetIn(
            "there is no key or account to ask for, so anybody who reaches this service could read "
            "and delete everything; make an account with `assay admin create` or a key with "
            "`assay admin key create`, or allow that with --open or ASSAY_OPEN=true"
        )
    meter = build_meter(settings, rows)
    return Entrance((BearerKeys(keyring), Cookies(people)), keeper, meter, people)


def build_meter(settings: Settings, rows: AccessRows) -> Meter:
    """Counts where the broker is, or in this process where that is a folder."""

    def own(tenant: str) -> OwnLimits | None:
        found = rows.tenant(tenant)
        return found.limits if found is not None else None

    quotas = settings.quotas
    broker = settings.broker_url
    return Meter(
        Quotas(
            key_requests_per_minute=quotas.key_requests_per_minute,
            key_upload_bytes_per_day=quotas.key_upload_bytes_per_day,
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


def door(settings: Settings, *, alone: bool) -> Door:
    """Whoever names a proxy, a path behind one, or a name that others call it by is not alone."""
    if settings.open:
        return Door.OPEN
    named = any(not Hosts().allow(name) for name in settings.allowed_hosts)
    shared = named or settings.trusted_proxies or settings.root_path
    return Door.ALONE if alone and not shared else Door.LOCKED
