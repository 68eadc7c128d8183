"""Webhooks over HTTP: secrets are shown once, deliveries show every attempt, health says the lag."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.db.lifecycle import WEBHOOKS_QUEUE
from service.fetch import Guard
from service.webhooks.sealing import Seal
from service.webhooks.sending import Sender
from tests.media import jpeg, photo_like
from tests.service.reports import no_sign_found
from tests.service.webapp import Desk, StandIn, desk
from tests.service.webhooks.receiver import Receiver, receiving

EVENTS = ["scan.completed", "scan.cancelled"]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Desk]:
    made = desk(tmp_path, StandIn(no_sign_found))
    with made.client:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def create(api: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An endpoint of a public address that by now leads to the receiver."""
    body = {"url": "http://203.0.113.7/told", "events": EVENTS}
    monkeypatch.setattr("service.webhooks.use_cases.check", lambda *_: None)
    made = api.client.post("/v1/webhooks", json={**body, "url": receiver.url})
    assert made.status_code == 201, made.text
    return dict(made.json())


def send(api: Desk, webhook: dict[str, Any]) -> None:
    guard = Guard(max_bytes=0, networks=(ipaddress.ip_network("127.0.0.0/8"),))
    Sender(api.database, guard, Seal(bytes(32))).tell(webhook["id"])


def test_a_secret_is_shown_when_it_is_made_and_never_again(
    api: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(api, receiver, monkeypatch)
    address = f"/v1/webhooks/{made['id']}"
    rotated = api.client.post(f"{address}/secret").json()["secret"]
    assert rotated != made["secret"]
    shown = "".join(api.client.get(path).text for path in ("/v1/webhooks", address))
    for secret in (made["secret"], rotated):
        assert secret.startswith("whsec_")
        assert secret not in shown
    assert "sealed" not in shown


def test_a_delivery_shows_every_attempt(
    api: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(api, receiver, monkeypatch)
    receiver.status, receiver.answer = 503, b"<h1>down for the night</h1>"
    api.send(jpeg(photo_like(64, 48)))
    api.work()
    send(api, made)
    (delivery,) = api.client.get(f"/v1/webhooks/{made['id']}/deliveries").json()["items"]
    assert (delivery["state"], delivery["code"], delivery["attempts"]) == ("pending", "refused", 1)
    (attempt,) = delivery["history"]
    assert attempt["at"] < delivery["next_at"]
    assert attempt["milliseconds"] >= 0
    del attempt["at"], attempt["milliseconds"]
    assert attempt == {
        "status": 503,
        "code": "refused",
        "error": "the receiver answered 503",
        "answer": "<h1>down for the night</h1>",
    }


def test_readiness_tells_how_far_webhooks_are_behind_and_whether_somebody_sends(
    api: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def telling() -> dict[str, Any]:
        return dict(api.client.get("/health/ready").json()["webhooks"])

    nothing = {"sending": False, "waiting": 0, "oldest_seconds": None, "dead": 0, "paused": 0}
    assert telling() == nothing
    made = create(api, receiver, monkeypatch)
    api.client.post(f"/v1/scans/{api.send(jpeg(photo_like(64, 48)))}/cancel")
    api.scans.beat("sender-1", (WEBHOOKS_QUEUE,))
    late = telling()
    assert (late["sending"], late["waiting"]) == (True, 1)
    assert 0 <= late["oldest_seconds"] < 60
    receiver.status = 410
    send(api, made)
    assert telling() == nothing | {"sending": True, "dead": 1, "paused": 1}


def test_one_that_sends_webhooks_runs_no_scans(api: Desk) -> None:
    api.scans.beat("sender-1", (WEBHOOKS_QUEUE,))
    api.scans.reconcile(worker="sender-1")
    assert api.client.get("/health/ready").json()["working"] is False
