"""Events are written with what they tell of, and arrive at a real receiver whatever goes wrong."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from service.db import outbox
from service.db import scans as scan_rows
from service.db.engine import Database
from service.db.lifecycle import State
from service.db.outbox import EventType
from service.db.scans import ScanRows
from service.db.webhook_sending import SendingRows
from service.db.webhook_tables import DeliveryState, EventRow
from service.db.webhooks import Delivery, Endpoint
from service.errors import UrlRefused
from service.fetch import Guard
from service.scans.queue import Broker
from service.webhooks.ringing import Ringer
from service.webhooks.sealing import Seal
from service.webhooks.sending import Sender
from service.webhooks.use_cases import Webhooks
from tests.service.office import POLICY, Messages, Office, office
from tests.service.webhooks.receiver import Receiver, receiving

ALL = [event for event in EventType if event is not EventType.TEST]
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
GUARD = Guard(max_bytes=0, seconds=1.0, networks=LOOPBACK)
SEAL = Seal(bytes(32))


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

    def delivery(self) -> Delivery:
        (found,) = self.webhooks.deliveries(self.endpoint, state=None, before=None, limit=9)
        return found

    def events(self) -> int:
        with self.office.database.read() as session:
            return session.scalar(select(func.count()).select_from(EventRow)) or 0


@pytest.fixture
def post(database: Database, broker: Broker, tmp_path: Path) -> Iterator[Post]:
    desk = office(database, tmp_path / "blobs", broker)
    webhooks = Webhooks(database, GUARD, SEAL, "default", desk.clock)
    bells = Messages(broker)
    ringer = Ringer(database, bells, desk.clock)
    sender = Sender(database, GUARD, SEAL, now=desk.clock)
    with receiving() as receiver:
        endpoint, secret = webhooks.create(receiver.url, ALL)
        yield Post(desk, receiver, webhooks, bells, ringer, sender, endpoint, secret)


def test_a_finished_scan_is_told_and_the_specifications_own_library_verifies_it(
    post: Post,
) -> None:
    scan = post.office.done()
    assert post.send_all() == 1
    (headers,), (body,) = post.receiver.seen, post.receiver.bodies
    event = Webhook(post.secret).verify(body, headers)
    assert event == post.receiver.events[0]
    assert event["type"] == "scan.completed"
    assert event["data"] == {
        "scan": scan.id,
        "reference": None,
        "labels": {},
        "verdict": "no_sign_found",
        "action": None,
        "self": f"/v1/scans/{scan.id}",
    }
    assert post.delivery().state is DeliveryState.DELIVERED
    with pytest.raises(WebhookVerificationError):
        Webhook(post.secret).verify(body + b" ", headers)


def test_both_secrets_sign_after_a_rotation_until_the_overlap_ends(post: Post) -> None:
    secret = post.webhooks.rotate(post.endpoint)
    post.office.done()
    post.send_all()
    for each in (secret, post.secret):
        Webhook(each).verify(post.receiver.bodies[0], post.receiver.seen[0])
    post.office.clock.move(hours=25)
    post.office.done()
    post.send_all()
    assert len(post.receiver.seen[1]["webhook-signature"].split()) == 1


def test_a_scan_whose_worker_was_lost_for_the_last_time_is_told_as_failed(post: Post) -> None:
    scan = post.office.accept()
    for _ in range(POLICY.attempts):
        now = post.office.clock()
        assert ScanRows(post.office.database).take(
            scan.id,
            token="dead",
            worker="dead",
            now=now,
            until=now + timedelta(seconds=POLICY.lease_seconds),
            most=POLICY.attempts,
        )
        post.office.clock.move(seconds=61)
        post.office.scans.reconcile()
    post.send_all()
    (event,) = post.receiver.events
    assert (event["type"], event["data"]["code"]) == ("scan.failed", "worker_lost")


def test_a_crash_while_the_event_is_written_leaves_no_report_and_no_event(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, announce = post.office.accept(), outbox.announce_completed

    def crash(*arguments: object) -> None:
        announce(*arguments)  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr(scan_rows, "announce_completed", crash)
    with pytest.raises(ZeroDivisionError):
        post.office.scans.run(scan.id, worker="w")
    assert post.office.scans.get(scan.id).state is State.QUEUED
    assert post.events() == 0
    monkeypatch.undo()
    post.office.scans.run(scan.id, worker="w")
    assert post.office.scans.get(scan.id).state is State.DONE
    assert post.events() == 1


def test_an_event_is_sent_again_under_its_id_when_its_sender_died(post: Post) -> None:
    post.office.done()
    now = post.office.clock()
    rows, until = SendingRows(post.office.database), now + timedelta(seconds=30)
    assert rows.lease(post.endpoint.id, "dead", now, until)
    dead = rows.next(post.endpoint.id, "dead", now, until)
    assert dead is not None
    assert post.send_all() == 0
    post.office.clock.move(seconds=31)
    assert post.send_all() == 1
    assert post.receiver.ids == [dead.event_id]


def test_a_receiver_that_was_down_gets_every_event(post: Post) -> None:
    post.receiver.status = 500
    for _ in range(3):
        post.office.done()
    assert post.send_all() == 1, "one that fails is left alone for a while"
    assert post.webhooks.get(post.endpoint.id).failing_since is not None
    post.receiver.status = 204
    for _ in range(5):
        post.office.clock.move(minutes=2)
        post.send_all()
    assert len(set(post.receiver.ids)) == 3
    assert len(post.receiver.ids) == 4
    assert post.webhooks.get(post.endpoint.id).failing_since is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(post: Post, status: int) -> None:
    post.receiver.status = status
    post.receiver.headers["Location"] = post.receiver.url
    post.office.done()
    post.send_all()
    assert len(post.receiver.seen) == 1
    assert post.delivery().error == f"the receiver answered {status}"


def test_one_that_hangs_does_not_hold_up_the_others(post: Post) -> None:
    post.receiver.pause = 2.0
    with receiving() as well:
        post.webhooks.create(well.url, ALL)
        for _ in range(3):
            post.office.done()
        assert post.send_all() == 4
        assert len(well.seen) == 3
        assert len(post.receiver.seen) == 1


def test_retry_after_is_waited_for(post: Post) -> None:
    post.receiver.status, post.receiver.headers["Retry-After"] = 503, "600"
    post.office.done()
    post.send_all()
    assert post.delivery().next_at == post.office.clock() + timedelta(seconds=600)


def test_one_that_is_gone_is_paused_and_says_so(post: Post) -> None:
    post.receiver.status = 410
    post.office.done()
    post.send_all()
    assert post.delivery().state is DeliveryState.DEAD
    paused = post.webhooks.get(post.endpoint.id)
    assert paused.paused == "the receiver answered 410: it is gone"
    post.receiver.status = 204
    post.webhooks.change(paused, post.receiver.url, ALL, paused=False)
    assert post.webhooks.redeliver_dead(post.endpoint) == 1
    assert post.send_all() == 1
    assert len(set(post.receiver.ids)) == 1
    assert post.delivery().state is DeliveryState.DELIVERED


def test_one_that_fails_for_a_day_is_paused_and_its_event_kept_as_dead(post: Post) -> None:
    post.receiver.status = 500
    post.office.done()
    for _ in range(60):
        post.send_all()
        post.office.clock.move(minutes=30)
    assert post.delivery().state is DeliveryState.DEAD
    assert post.delivery().attempts > 10
    post.office.done()
    post.send_all()
    paused = post.webhooks.get(post.endpoint.id).paused
    assert paused is not None
    assert paused.startswith("every attempt failed since")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]"])
def test_a_private_address_is_refused_where_none_is_allowed(database: Database, host: str) -> None:
    with pytest.raises(UrlRefused):
        Webhooks(database, Guard(max_bytes=0), SEAL, "default").create(f"http://{host}/x", ALL)


def test_an_address_that_became_private_is_refused_when_sent(post: Post) -> None:
    post.office.done()
    guard = Guard(max_bytes=0)
    Sender(post.office.database, guard, SEAL, now=post.office.clock).tell(post.endpoint.id)
    assert post.receiver.seen == []
    assert "url_refused" in (post.delivery().error or "")


def test_another_tenant_is_told_nothing(post: Post) -> None:
    other = post.webhooks.of("other")
    assert other.list() == ()
    elsewhere = post.office.scans.of("other")
    assert elsewhere.tenant == "other"
    post.office.done()
    assert post.send_all() == 1
