"""What a tenant does with its webhooks: endpoints, secrets, tests, deliveries and redelivery."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from datetime import datetime, timedelta
from typing import Final, Self

from service.db.engine import Database
from service.db.lifecycle import is_scan_id, new_scan_id
from service.db.outbox import EventType
from service.db.webhook_sending import Lag, SendingRows
from service.db.webhook_tables import DeliveryState
from service.db.webhooks import Delivery, Endpoint, WebhookRows
from service.errors import DeliveryNotFound, FetchFailed, WebhookNotFound
from service.fetch import Guard, check
from service.webhooks.sealing import Seal
from service.webhooks.signing import new_secret

OVERLAP: Final = timedelta(hours=24)
"""After a rotation messages are signed with both secrets for this long."""
BY_HAND: Final = "paused by hand"


class Webhooks:
    """The webhooks of one tenant. Thread-safe."""

    def __init__(
        self,
        database: Database,
        guard: Guard,
        seal: Seal,
        tenant: str,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._rows = WebhookRows(database)
        self._sending = SendingRows(database)
        self._guard = guard
        self._seal = seal
        self._tenant = tenant
        self._now = now or database.now

    def of(self, tenant: str) -> Self:
        """The same use cases for the webhooks of another tenant."""
        others = copy(self)
        others._tenant = tenant
        return others

    def create(self, url: str, events: Sequence[EventType]) -> tuple[Endpoint, str]:
        """A new endpoint and its secret, shown this once. Raises `UrlRefused`."""
        self._check(url)
        now, secret = self._now(), new_secret()
        endpoint = Endpoint(
            id=new_scan_id(now),
            tenant=self._tenant,
            url=url,
            events=tuple(dict.fromkeys(events)),
            created_at=now,
            paused=None,
            failing_since=None,
        )
        self._rows.add(endpoint, self._seal.sealed(endpoint.id, secret))
        return endpoint, secret

    def list(self) -> tuple[Endpoint, ...]:
        return self._rows.list(self._tenant)

    def get(self, endpoint_id: str) -> Endpoint:
        """Raises `WebhookNotFound`."""
        known = is_scan_id(endpoint_id)
        endpoint = self._rows.get(self._tenant, endpoint_id) if known else None
        if endpoint is None:
            raise WebhookNotFound(f"there is no webhook {endpoint_id[:40]!r}")
        return endpoint

    def change(
        self, endpoint: Endpoint, url: str, events: Sequence[EventType], *, paused: bool
    ) -> Endpoint:
        """Raises `UrlRefused` and `WebhookNotFound`."""
        self._check(url)
        changed = self._rows.change(
            self._tenant,
            endpoint.id,
            url=url,
            events=tuple(dict.fromkeys(events)),
            paused=(endpoint.paused or BY_HAND) if paused else None,
        )
        return changed or self.get(endpoint.id)

    def rotate(self, endpoint: Endpoint) -> str:
        """A new secret; the present one signs too for a while. Raises `WebhookNotFound`."""
        secret = new_secret()
        sealed = self._seal.sealed(endpoint.id, secret)
        if not self._rows.rotate(self._tenant, endpoint.id, sealed, self._now() + OVERLAP):
            raise WebhookNotFound(f"there is no webhook {endpoint.id!r}")
        return secret

    def remove(self, endpoint: Endpoint) -> None:
        self._rows.remove(self._tenant, endpoint.id)

    def test(self, endpoint: Endpoint) -> str:
        """Send the endpoint an event that says nothing, and return its id."""
        return self._rows.test(self._tenant, endpoint.id, self._now())

    def deliveries(
        self, endpoint: Endpoint, *, state: DeliveryState | None, before: int | None, limit: int
    ) -> tuple[Delivery, ...]:
        return self._rows.deliveries(endpoint.id, state=state, before=before, limit=limit)

    def redeliver_dead(self, endpoint: Endpoint) -> int:
        """Try all again that were given up; how many."""
        return self._rows.redeliver(endpoint.id, None, self._now())

    def redeliver(self, endpoint: Endpoint, delivery_id: int) -> None:
        """Send one again, delivered or not. Raises `DeliveryNotFound`."""
        if not self._rows.redeliver(endpoint.id, delivery_id, self._now()):
            raise DeliveryNotFound(f"no delivery {delivery_id} to this webhook")

    def everybodys(self) -> tuple[Endpoint, ...]:
        """The endpoints of every tenant."""
        return self._rows.list(None)

    def lag(self) -> Lag:
        """How far the telling is behind, of every tenant."""
        return self._sending.lag(self._now())

    def _check(self, url: str) -> None:
        """A name that does not resolve now may do so later; what it leads to is always checked."""
        with suppress(FetchFailed):
            check(url, self._guard)
