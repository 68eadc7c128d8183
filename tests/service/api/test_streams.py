"""Streams of events: of batches, and of clients who may not be told any more."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.access.door import Door
from service.access.principal import Scope
from service.scans.intake import Receiver
from tests import media
from tests.service import reports
from tests.service.web.browsing import make, signed_in
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(160, 120))


def get(url: str, into: Receiver) -> None:
    into.write(PHOTO)


@pytest.fixture
def engine() -> StandIn:
    return StandIn(reports.verified_ai, preview=PHOTO)


@pytest.fixture
def api(tmp_path: Path, engine: StandIn) -> Desk:
    return desk(tmp_path, engine, get=get)


@pytest.fixture
def locked(tmp_path: Path, engine: StandIn) -> Desk:
    return desk(tmp_path, engine, door=Door.LOCKED)


def batch_of(api: Desk, count: int) -> str:
    body = '{"url": "https://example.org/a.jpg"}\n' * count
    headers = {"Content-Type": "application/x-ndjson"}
    answer = api.client.post("/v1/batches", content=body, headers=headers)
    return str(answer.json()["links"]["events"])


def events(client: Any, path: str, headers: dict[str, str] | None = None) -> list[Any]:
    """Name, id and data of every event of a stream that ends."""
    with client.stream("GET", path, headers=headers or {}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    found = []
    for block in filter(None, text.strip().split("\n\n")):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


def test_the_events_of_a_batch_lead_to_its_end(api: Desk, engine: StandIn) -> None:
    path = batch_of(api, 4)
    engine.pause = 0.15
    with api.working():
        found = events(api.client, path)
    assert [name for name, _, _ in found] == ["progress"] * (len(found) - 1) + ["end"]
    assert len(found) >= 3
    assert len({mark for _, mark, _ in found}) == len(found)
    last = found[-1][2]
    assert (last["state"], last["states"], last["total"]) == ("done", {"done": 4}, 4)


def test_who_comes_back_to_a_batch_is_not_told_again_what_it_knows(api: Desk) -> None:
    path = batch_of(api, 1)
    with api.soon(api.work):
        ((name, mark, _), *_) = events(api.client, path)
    assert name == "progress"
    assert [name for name, _, _ in events(api.client, path, {"last-event-id": mark})] == ["end"]


def test_the_stream_of_a_batch_that_is_deleted_says_so(api: Desk) -> None:
    path = batch_of(api, 1)
    batch_id = path.split("/")[-2]
    with api.soon(lambda: api.batches.delete(batch_id)):
        assert [name for name, _, _ in events(api.client, path)] == ["progress", "gone"]


def test_the_events_of_another_tenants_batch_are_not_there(locked: Desk) -> None:
    headers = locked.bearer(Scope.SCANS_WRITE) | {"Content-Type": "application/x-ndjson"}
    answer = locked.client.post("/v1/batches", content='{"url": "https://x.org/"}', headers=headers)
    path, others = answer.json()["links"]["events"], locked.bearer(Scope.SCANS_READ, tenant="other")
    assert locked.client.get(path, headers=others).status_code == 404


def cut(locked: Desk, client: Any, headers: dict[str, str], end: Callable[[], object]) -> None:
    """A stream is open while its right is taken away; it ends soon and says nothing more."""
    writer = locked.bearer(Scope.SCANS_WRITE)
    path = f"/v1/scans/{locked.send(PHOTO, headers=writer)}/events"
    started = time.monotonic()
    with locked.soon(end):
        found = events(client, path, headers)
    assert [name for name, _, _ in found] == ["progress"]
    assert time.monotonic() - started < 10
    assert client.get(path, headers=headers).status_code in {303, 401, 403}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.api.events.CHECK_SECONDS", 0.3)


@pytest.mark.usefixtures("quick")
def test_a_revoked_key_ends_its_streams(locked: Desk) -> None:
    headers = locked.bearer(Scope.SCANS_READ)
    (key,) = locked.keyring.list("default")
    cut(locked, locked.client, headers, lambda: locked.keyring.revoke(key.id))


@pytest.mark.usefixtures("quick")
def test_a_suspended_tenant_is_told_nothing_more(locked: Desk) -> None:
    headers = locked.bearer(Scope.SCANS_READ)
    cut(locked, locked.client, headers, lambda: locked.tenants.suspend("default"))


@pytest.mark.usefixtures("quick")
def test_a_session_that_ends_takes_its_streams_with_it(locked: Desk) -> None:
    person = make(locked)
    browser = signed_in(locked)
    (session,) = locked.people.sessions.of(person.id)
    cut(locked, browser.client, {}, lambda: locked.people.sessions.end(session))


@pytest.mark.usefixtures("quick")
def test_whoever_may_still_ask_is_told_to_the_end(locked: Desk) -> None:
    path = f"/v1/scans/{locked.send(PHOTO, headers=locked.bearer(Scope.SCANS_WRITE))}/events"
    with locked.soon(locked.work, 1.5):
        found = events(locked.client, path, locked.bearer(Scope.SCANS_READ))
    assert found[-1][0] == "end"
