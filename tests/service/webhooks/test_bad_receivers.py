"""Receivers that refuse, hang, lie or break: each attempt keeps a stable code, and nothing is lost."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.db.webhook_tables import AttemptCode, DeliveryState
from service.fetch import Guard
from service.webhooks.sealing import Seal
from service.webhooks.sending import Sender
from tests.e2e.servers import free_port
from tests.service.certificates import self_signed
from tests.service.webhooks.posting import ALL, GUARD, SEAL, Post
from tests.service.webhooks.receiver import Receiver, receiving


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Receiver]:
    """A receiver by TLS whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path, "localhost"))
    with receiving(tls=context) as receiver:
        yield receiver


def assert_kept(post: Post, code: AttemptCode, status: int | None = None) -> None:
    """The one delivery failed for this reason, is kept, and arrives once the receiver is well."""
    delivery = post.delivery()
    assert delivery.state is DeliveryState.PENDING
    assert (delivery.code, delivery.status) == (code, status)
    assert [item.code for item in delivery.history] == [code]
    assert delivery.error
    post.receiver.status, post.receiver.pause, post.receiver.raw = 204, 0.0, None
    post.webhooks.change(post.endpoint, post.receiver.url, ALL, paused=False)
    post.office.clock.move(minutes=5)
    assert post.send_all() == 1
    assert post.delivery().state is DeliveryState.DELIVERED


def moved(post: Post, url: str) -> None:
    post.webhooks.change(post.endpoint, url, ALL, paused=False)
    post.office.done()
    assert post.send_all() == 1


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
def test_no_redirect_is_followed(post: Post, status: int) -> None:
    post.receiver.status = status
    post.receiver.headers["Location"] = "http://10.0.0.1/inside"
    post.office.done()
    post.send_all()
    assert len(post.receiver.seen) == 1
    assert_kept(post, AttemptCode.REDIRECTED, status)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_refusal_is_tried_again(post: Post, status: int) -> None:
    post.receiver.status = status
    post.office.done()
    post.send_all()
    assert_kept(post, AttemptCode.REFUSED, status)


def test_one_that_hangs_is_let_go_in_time(post: Post) -> None:
    post.receiver.pause = 2.0
    post.office.done()
    post.send_all()
    assert 900 < (post.delivery().milliseconds or 0) < 1900
    assert_kept(post, AttemptCode.TIMEOUT)


def test_one_that_is_slower_than_events_come_gets_them_all(post: Post) -> None:
    post.receiver.pause = 0.1
    post.receiver.during = lambda: [post.office.done() for _ in range(5)]
    post.office.done()
    patient = replace(GUARD, seconds=30.0)
    sender = Sender(post.office.database, patient, SEAL, now=post.office.clock)
    assert sender.tell(post.endpoint.id) == 6
    assert len(set(post.receiver.ids)) == 6


def test_an_address_that_became_private_is_refused_when_sent(post: Post) -> None:
    post.office.done()
    Sender(post.office.database, Guard(max_bytes=0), SEAL, now=post.office.clock).tell(
        post.endpoint.id
    )
    assert post.receiver.seen == []
    assert_kept(post, AttemptCode.URL_REFUSED)


def test_nobody_at_the_address(post: Post) -> None:
    moved(post, f"http://127.0.0.1:{free_port()}/")
    assert_kept(post, AttemptCode.CONNECTION_FAILED)


def test_a_name_that_does_not_resolve(post: Post) -> None:
    moved(post, "http://nowhere.invalid/")
    assert_kept(post, AttemptCode.NAME_UNRESOLVED)


def test_a_certificate_that_nobody_vouches_for(post: Post, secured: Receiver) -> None:
    moved(post, secured.url)
    assert secured.seen == []
    assert_kept(post, AttemptCode.TLS_FAILED)


def test_one_that_speaks_no_tls(post: Post) -> None:
    moved(post, post.receiver.url.replace("http:", "https:"))
    assert_kept(post, AttemptCode.TLS_FAILED)


@pytest.mark.parametrize(
    "raw",
    [b"220 mail.example.org ESMTP\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"],
)
def test_an_answer_that_is_no_http(post: Post, raw: bytes) -> None:
    post.receiver.raw = raw
    post.office.done()
    post.send_all()
    assert_kept(post, AttemptCode.ANSWER_MALFORMED)


def test_the_beginning_of_a_huge_refusal_is_kept_and_the_rest_not_read(post: Post) -> None:
    post.receiver.status, post.receiver.endless = 500, True
    post.receiver.answer = "Zürich ".encode() * 10_000
    post.office.done()
    post.send_all()
    (attempt,) = post.delivery().history
    assert attempt.answer is not None
    assert attempt.answer.startswith("Zürich Zürich")
    assert len(attempt.answer) <= 500
    assert attempt.milliseconds < 900
    post.receiver.endless = False
    assert_kept(post, AttemptCode.REFUSED, 500)


def test_an_endless_body_behind_a_success_is_a_delivery(post: Post) -> None:
    post.receiver.status, post.receiver.endless, post.receiver.answer = 200, True, bytes(10_000)
    post.office.done()
    assert post.send_all() == 1
    assert post.delivery().state is DeliveryState.DELIVERED
    post.receiver.endless = False


def test_a_secret_that_another_key_sealed_signs_nothing(post: Post) -> None:
    post.office.done()
    database, now = post.office.database, post.office.clock
    Sender(database, GUARD, Seal(b"x" * 32), now=now).tell(post.endpoint.id)
    assert post.receiver.seen == []
    assert_kept(post, AttemptCode.SECRET_UNREADABLE)


def test_a_receiver_that_refuses_at_length_does_not_hold_its_sender(post: Post) -> None:
    """It answers with a refusal at once, and its body never comes."""
    post.receiver.raw = b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n"
    post.receiver.linger = 3.0
    guard = replace(GUARD, seconds=10.0)
    post.office.done()
    Sender(post.office.database, guard, SEAL, now=post.office.clock).tell(post.endpoint.id)
    assert (post.delivery().milliseconds or 9999) < 2500
    post.receiver.linger = 0.0
    assert_kept(post, AttemptCode.REFUSED, 500)
