"""Events are written with what they tell of, and arrive at a real receiver whatever goes wrong."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from service.db import outbox
from service.db import scans as scan_rows
from service.db.engine import Database
from service.db.lifecycle import Failure, State
from service.db.outbox import EventType
from service.db.scans import ScanRows
from service.db.webhook_sending import Lag, SendingRows
from service.db.webhook_tables import AttemptRow, DeliveryState
from service.errors import UrlRefused
from service.fetch import Guard
from service.scans.asked import Asked
from service.scans.intake import receive_all
from service.webhooks.sending import Sender
from service.webhooks.use_cases import Webhooks
from tests.service.office import PICTURE, POLICY
from tests.service.webhooks.posting import ALL, GUARD, SEAL, Post
from tests.service.webhooks.receiver import receiving


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
    assert (event["type"], event["data"]["code"]) == ("scan.failed", "quarantined")


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
    dead = rows.begin(post.endpoint.id, "dead", now, until)
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
    for _ in range(36):
        post.send_all()
        post.office.clock.move(minutes=45)
    assert post.delivery().state is DeliveryState.DEAD
    assert post.delivery().attempts > 10
    post.office.done()
    post.send_all()
    paused = post.webhooks.get(post.endpoint.id).paused
    assert paused is not None
    assert paused.startswith("every attempt failed since")


def test_one_that_keeps_failing_is_asked_ever_less_often_for_what_is_new(post: Post) -> None:
    post.receiver.status = 500
    post.office.done()
    post.send_all()
    for _ in range(8):
        post.office.clock.move(minutes=20)
        post.send_all()
    post.office.done()
    post.office.clock.move(minutes=9)
    post.send_all()
    attempts = [item.attempts for item in post.deliveries()]
    assert attempts[0] == 0, "the new one waits for its endpoint"
    post.office.clock.move(minutes=2)
    post.send_all()
    assert sum(item.attempts for item in post.deliveries()) > sum(attempts)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]"])
def test_a_private_address_is_refused_where_none_is_allowed(database: Database, host: str) -> None:
    with pytest.raises(UrlRefused):
        Webhooks(database, Guard(max_bytes=0), SEAL, "default").create(f"http://{host}/x", ALL)


def test_another_tenant_is_told_nothing(post: Post) -> None:
    other = post.webhooks.of("other")
    assert other.list() == ()
    elsewhere = post.office.scans.of("other")
    assert elsewhere.tenant == "other"
    post.office.done()
    assert post.send_all() == 1


def test_a_cancelled_scan_is_told_with_what_the_client_calls_it(post: Post) -> None:
    received = receive_all(io.BytesIO(PICTURE), post.office.scans.receive("a.jpg"))
    asked = Asked(reference="post-17", labels={"team": "trust", "desk": "b"})
    scan = post.office.scans.accept(received, asked=asked)
    post.office.scans.cancel(scan.id)
    post.office.scans.cancel(scan.id)
    post.send_all()
    (event,) = post.receiver.events
    assert event["type"] == "scan.cancelled"
    assert event["data"] == {
        "scan": scan.id,
        "reference": "post-17",
        "labels": {"desk": "b", "team": "trust"},
        "code": "scan_cancelled",
        "self": f"/v1/scans/{scan.id}",
    }


def test_who_asked_for_other_events_is_not_told(post: Post) -> None:
    with receiving() as picky:
        post.webhooks.create(picky.url, [EventType.SCAN_FAILED])
        post.office.done()
        post.send_all()
        assert (len(picky.seen), len(post.receiver.seen)) == (0, 1)


def test_without_an_endpoint_nothing_is_asked_about_a_scan(post: Post) -> None:
    post.webhooks.remove(post.endpoint)
    asked: list[str] = []
    engine = post.office.database.engine
    listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    scan = post.office.accept()
    asked.clear()
    rows, failure = ScanRows(post.office.database), Failure("scan_cancelled", "It was.")
    assert rows.cancel("default", scan.id, failure, post.office.clock())
    assert not [text for text in asked if "scan_label" in text]
    assert len([text for text in asked if "webhook_endpoint" in text]) == 1
    assert post.events() == 0


def test_an_event_that_comes_while_its_endpoint_is_told_is_sent_in_the_same_turn(
    post: Post,
) -> None:
    post.office.done()
    post.receiver.during = post.office.done
    post.ringer.ring()
    ((endpoint_id, queue),) = post.bells.sent
    assert queue == "webhooks"
    assert post.sender.tell(endpoint_id) == 2
    assert len(post.receiver.ids) == 2


def test_one_message_rings_for_all_that_waits_and_is_sent_once(post: Post) -> None:
    for _ in range(3):
        post.office.done()
    assert [post.ringer.ring() for _ in range(3)] == [1, 0, 0]
    assert len(post.bells.sent) == 1
    post.send_all()
    assert post.ringer.ring() == 0, "nothing is due"


def test_a_lost_message_is_sent_again_and_a_slow_one_is_not(post: Post) -> None:
    post.office.done()
    post.ringer.ring()
    post.office.clock.move(seconds=11)
    assert post.ringer.ring() == 0, "it still lies in the queue"
    post.bells.sent.clear()
    assert post.ringer.ring() == 1
    assert post.send_all() == 0, "it was rung for just now"
    assert post.sender.tell(post.bells.sent.pop(0)[0]) == 1


def test_a_broker_that_is_away_puts_sending_off(post: Post) -> None:
    post.office.done()
    post.bells.broken = True
    assert post.ringer.ring() == 0
    post.bells.broken = False
    assert post.send_all() == 1


def test_of_many_senders_one_talks_to_an_endpoint(post: Post) -> None:
    for _ in range(4):
        post.office.done()
    post.receiver.pause = 0.2
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(post.sender.tell, [post.endpoint.id] * 4))
    assert sorted(counts) == [0, 0, 0, 4]
    assert len(post.receiver.ids) == len(set(post.receiver.ids)) == 4


def test_a_sender_told_to_stop_gives_the_rest_to_others_at_once(post: Post) -> None:
    for _ in range(3):
        post.office.done()
    post.receiver.during = post.sender.stop
    assert post.sender.tell(post.endpoint.id) == 1
    other = Sender(post.office.database, GUARD, SEAL, now=post.office.clock)
    assert other.tell(post.endpoint.id) == 2


def test_one_sent_again_while_it_is_under_way_is_sent_again(post: Post) -> None:
    post.office.done()
    post.receiver.during = lambda: again(post)
    post.ringer.ring()
    assert post.sender.tell(post.bells.sent.pop(0)[0]) == 2
    assert len(set(post.receiver.ids)) == 1
    assert post.delivery().state is DeliveryState.DELIVERED


def test_every_attempt_is_kept_until_its_event_is_forgotten(post: Post) -> None:
    post.receiver.status, post.receiver.answer = 500, b"out of\x00 order"
    post.office.done()
    post.send_all()
    post.office.clock.move(minutes=5)
    post.receiver.status = 204
    post.send_all()
    first, second = post.delivery().history
    assert (first.status, first.code, first.answer) == (500, "refused", "out of  order")
    assert (second.status, second.code, second.answer) == (204, None, None)
    assert second.at - first.at == timedelta(minutes=5)
    post.office.clock.move(days=29)
    post.sender.upkeep()
    assert len(post.deliveries()) == 1
    post.office.clock.move(days=2)
    post.sender.upkeep()
    assert post.deliveries() == ()
    with post.office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(AttemptRow)) == 0


def test_a_test_event_is_sent_to_the_one_that_asked(post: Post) -> None:
    with receiving() as other:
        post.webhooks.create(other.url, ALL)
        event_id = post.webhooks.test(post.endpoint)
        post.send_all()
        assert post.receiver.ids == [event_id]
        assert post.receiver.events[0]["type"] == "webhook.test"
        assert other.seen == []


def test_the_lag_counts_what_waits_what_was_given_up_and_who_is_paused(post: Post) -> None:
    assert post.webhooks.lag() == Lag(waiting=0, seconds=None, dead=0, paused=0)
    post.office.done()
    post.office.clock.move(seconds=90)
    post.office.done()
    assert post.webhooks.lag() == Lag(waiting=2, seconds=90.0, dead=0, paused=0)
    post.receiver.status = 410
    post.send_all()
    assert post.webhooks.lag() == Lag(waiting=0, seconds=None, dead=1, paused=1)


def again(post: Post) -> None:
    post.webhooks.redeliver(post.endpoint, post.delivery().id)
