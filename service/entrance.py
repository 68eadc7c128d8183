"""Who gets in: keys and the door, put together from the settings."""

from service.access.door import Door, Doorkeeper
from service.access.keyring import Keyring
from service.api.authentication import BearerKeys, Entrance
from service.api.hosts import Hosts
from service.db.access import AccessRows
from service.db.engine import Database
from service.errors import NobodyToLetIn
from service.settings import Settings


def build_entrance(settings: Settings, database: Database, *, alone: bool) -> Entrance:
    """All ways into the application, `alone` for a service that one person uses on loopback.

    Raises `NobodyToLetIn` where nobody could come in.
    """
    keyring = Keyring(AccessRows(database))
    way = door(settings, alone=alone)
    keeper = Doorkeeper(way, (keyring.ever,))
    if way is Door.LOCKED and not keeper.anybody():
        raise NobodyToLetIn(
            "there is no key or account to ask for, so anybody who reaches this service could read "
            "and delete everything; make a key with `assay admin key create`, or allow that with "
            "--open or ASSAY_OPEN=true"
        )
    return Entrance((BearerKeys(keyring),), keeper)


def door(settings: Settings, *, alone: bool) -> Door:
    """Whoever names a proxy, a path behind one, or a name that others call it by is not alone."""
    if settings.open:
        return Door.OPEN
    named = any(not Hosts().allow(name) for name in settings.allowed_hosts)
    shared = named or settings.trusted_proxies or settings.root_path
    return Door.ALONE if alone and not shared else Door.LOCKED
