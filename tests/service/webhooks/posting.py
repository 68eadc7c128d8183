"""Webhooks between an office and a real receiver, with everything that sends them in one process."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from service.db.engine import Database
from service.db.outbox import EventType
from service.db.webhook_tables import EventRow
from service.db.webhooks import Delivery, Endpoint
from service.fetch import Guard
from service.scans.queue import Broker
from service.webhooks.ringing import Ringer
from service.webhooks.sealing import Seal
from service.webhooks.sending import Sender
from service.webhooks.use_cases import Webhooks
from tests.service.office import Messages, Office, office
from tests.service.webhooks.receiver import Receiver, receiving

ALL: Final = [event for event in EventType if event is not EventType.TEST]
LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"),)
GUARD: Final = Guard(max_bytes=0, seconds=1.0, networks=LOOPBACK)
SEAL: Final = Seal(bytes(32))


@dataclass(slots=True)
class Post:
    """An office, a receiver and the webhook between them."""

    office: Office
    receiver: Receiver
    webhooks: Webhooks
    bells: Messages
    ringer: Ringer
    sender: Sender
    endpoint: Endpoint
    secret: str

    def send_all(self) -> int:
        """Ring and answer until nothing is due; how many attempts there were."""
        count = 0
        while self.ringer.ring():
            while self.bells.sent:
                count += self.sender.tell(self.bells.sent.pop(0)[0])
        return count

    def deliveries(self) -> tuple[Delivery, ...]:
        """The newest first."""
        return self.webhooks.deliveries(self.endpoint, state=None, before=None, limit=99)

    def delivery(self) -> Delivery:
        (found,) = self.deliveries()
        return found

    def events(self) -> int:
        with self.office.database.read() as session:
            return session.scalar(select(func.count()).select_from(EventRow)) or 0


@contextmanager
def posting(database: Database, broker: Broker, folder: Path) -> Iterator[Post]:
    """All of it on an empty database and broker, while the block runs."""
    desk = office(database, folder / "blobs", broker)
    webhooks = Webhooks(database, GUARD, SEAL, "default", desk.clock)
    bells = Messages(broker)
    ringer = Ringer(database, bells, desk.clock)
    sender = Sender(database, GUARD, SEAL, now=desk.clock)
    with receiving() as receiver:
        endpoint, secret = webhooks.create(receiver.url, ALL)
        yield Post(desk, receiver, webhooks, bells, ringer, sender, endpoint, secret)
