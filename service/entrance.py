"""Who gets in: keys, people and the door, put together from the settings."""

from service.access.door import Door, Doorkeeper
from service.access.keyring import Keyring
from service.api.authentication import BearerKeys, Entrance
from service.api.sessions import Cookies
from service.db.access import AccessRows
from service.db.engine import Database
from service.settings import Settings
from service.wiring import build_people


def build_entrance(settings: Settings, database: Database, *, alone: bool) -> Entrance:
    """All ways into the application, `alone` for a service that one person uses on loopback."""
    keyring = Keyring(AccessRows(database))
    people = build_people(settings, database)
    keeper = Doorkeeper(door(settings, alone=alone), (keyring.ever, people.wanted))
    return Entrance((BearerKeys(keyring), Cookies(people)), keeper, people)


def door(settings: Settings, *, alone: bool) -> Door:
    """Whoever names a proxy, a path below one or a name for others to call is not alone."""
    if settings.open:
        return Door.OPEN
    shared = settings.trusted_proxies or settings.root_path or settings.allowed_hosts
    return Door.ALONE if alone and not shared else Door.LOCKED
