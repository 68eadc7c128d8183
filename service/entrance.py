"""Who gets in: keys, people and the door, put together from the settings."""

from service.access.door import Door, Doorkeeper
from service.access.keyring import Keyring
from service.access_errors import NobodyToLetIn
from service.api.authentication import BearerKeys, Entrance
from service.api.hosts import Hosts
from service.api.sessions import Cookies
from service.db.access import AccessRows
from service.db.engine import Database
from service.settings import Settings
from service.wiring import build_meter, build_people


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
    meter = build_meter(settings, database)
    return Entrance((BearerKeys(keyring), Cookies(people)), keeper, meter, people)


def door(settings: Settings, *, alone: bool) -> Door:
    """Whoever names a proxy, a path behind one, or a name that others call it by is not alone."""
    if settings.open:
        return Door.OPEN
    named = any(not Hosts().allow(name) for name in settings.allowed_hosts)
    shared = named or settings.trusted_proxies or settings.root_path
    return Door.ALONE if alone and not shared else Door.LOCKED
