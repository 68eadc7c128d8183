"""Idempotency keys, the client's own fields, filters and cancelling over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.scans.intake import Receiver
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(160, 120))
OTHER = media.jpeg(media.photo_like(120, 160))
KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO))


def post(api: Desk, data: bytes = PHOTO, name: str = "a.jpg", **fields: Any) -> httpx2.Response:
    return api.client.post("/v1/scans", files={"file": (name, data)}, data=fields, headers=KEY)


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_request_that_comes_again_has_the_same_scan_and_says_so(api: Desk) -> None:
    first = post(api, reference="r", labels='{"a": "1", "b": "2"}')
    again = post(api, name="retry.jpg", reference="r", labels='{"b": "2", "a": "1"}')
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(api.stored()) == 1
    assert len(api.queue.ids) == 1


@pytest.mark.parametrize(
    "change",
    [{"data": OTHER}, {"profile": "fast"}, {"reference": "s"}, {"labels": '{"a": "2"}'},
     {"priority": "high"}],
)  # fmt: skip
def test_a_key_with_another_request_is_refused(api: Desk, change: dict[str, Any]) -> None:
    sent: dict[str, Any] = {"reference": "r", "labels": '{"a": "1"}'}
    post(api, **sent)
    assert code(post(api, **{**sent, **change})) == (422, "idempotency_key_reused")
    assert len(api.stored()) == 1


def test_a_refused_request_leaves_its_key_free(api: Desk) -> None:
    assert post(api, b"").status_code == 422
    assert post(api, b"no media at all" * 99).status_code == 415
    assert post(api).status_code == 202


def test_an_address_that_comes_again_is_not_fetched_again(tmp_path: Path) -> None:
    fetched: list[str] = []

    def get(url: str, into: Receiver) -> None:
        fetched.append(url)
        into.write(PHOTO)

    api = desk(tmp_path, StandIn(reports.verified_ai), get)

    def send(url: str) -> httpx2.Response:
        return api.client.post("/v1/scans", files={"url": (None, url)}, headers=KEY)

    first, again = send("https://example.org/a.jpg"), send("https://example.org/a.jpg")
    assert first.json()["id"] == again.json()["id"]
    assert code(send("https://example.org/b.jpg")) == (422, "idempotency_key_reused")
    assert fetched == ["https://example.org/a.jpg"]


def test_a_malformed_key_is_refused_and_nothing_is_stored(api: Desk) -> None:
    answer = api.client.post(
        "/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers={"Idempotency-Key": "a b"}
    )
    assert code(answer) == (400, "idempotency_key_invalid")
    assert api.stored() == []


def test_a_repetition_does_not_bring_back_what_was_deleted(api: Desk) -> None:
    scan_id = post(api).json()["id"]
    api.client.delete(f"/v1/scans/{scan_id}")
    assert code(post(api)) == (404, "scan_not_found")
    assert api.stored() == []


def test_fifty_requests_at_once_with_one_key_make_one_scan(api: Desk) -> None:
    with serving(api.app) as address, httpx2.Client(base_url=address, timeout=60) as client:

        def send(_: int) -> str:
            while True:
                answer = client.post("/v1/scans", files={"file": ("a", PHOTO)}, headers=KEY)
                if answer.status_code == 202:
                    return str(answer.json()["id"])
                assert code(answer) == (409, "idempotency_key_in_use")
                assert answer.headers["retry-after"] == "1"

        with ThreadPoolExecutor(50) as pool:
            ids = set(pool.map(send, range(50)))
        found = client.get("/v1/scans").json()["items"]
    assert [scan["id"] for scan in found] == list(ids)
    assert len(api.stored()) == 1


def test_the_clients_own_fields_are_shown_and_listed(api: Desk) -> None:
    scan = post(api, reference="post-8812", labels='{"team": "trust"}', priority="high").json()
    assert (scan["reference"], scan["labels"]) == ("post-8812", {"team": "trust"})
    assert scan["priority"] == "high"
    api.work()
    api.send(OTHER)
    queries = (
        "verdict=verified_ai", "state=done", "reference=post-8812", "label=team%3Dtrust",
        f"sha256={scan['sha256']}", "signer=Example+Camera+Works", f"created_before={later(api)}",
    )  # fmt: skip
    for query in queries:
        items = api.client.get(f"/v1/scans?{query}&kind=image").json()["items"]
        assert [item["id"] for item in items] == [scan["id"]], query


def later(api: Desk) -> str:
    """When the newest scan came."""
    return str(api.client.get("/v1/scans?limit=1").json()["items"][0]["created_at"])


@pytest.mark.parametrize(
    "query",
    ["created_after=yesterday", "created_after=1732000000", "created_after=2026-11-20T10:00:00",
     "created_after=0001-01-01T00:00:00%2B14:00", "label=nothing", "sha256=3F", "state=lost",
     "reference=%00", "cursor=x"],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused(api: Desk, query: str) -> None:
    assert code(api.client.get(f"/v1/scans?{query}")) == (422, "invalid_request")


def test_a_cursor_of_another_list_has_a_code_of_its_own(api: Desk) -> None:
    for _ in range(2):
        api.send(PHOTO)
    cursor = api.client.get("/v1/scans?limit=1").json()["next"]
    answer = api.client.get(f"/v1/scans?state=queued&cursor={cursor}")
    assert code(answer) == (422, "cursor_invalid")


@pytest.mark.parametrize(
    "fields",
    [{"priority": "urgent"}, {"reference": "x" * 201}, {"labels": "nothing"},
     {"reuse": "yes"}, {"max_age": "-1"}, {"max_age": "1.5"}, {"max_age": "9" * 20}],
)  # fmt: skip
def test_fields_that_make_no_sense_are_refused(api: Desk, fields: dict[str, Any]) -> None:
    assert code(post(api, **fields)) == (422, "invalid_request")
    assert api.stored() == []


def test_a_scan_is_cancelled_and_stays_to_be_seen(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    cancelled = api.client.post(f"/v1/scans/{scan_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert cancelled.json()["failure"]["code"] == "scan_cancelled"
    api.work()
    assert code(api.client.get(f"/v1/scans/{scan_id}/report")) == (410, "scan_cancelled")
    assert "event: end" in api.client.get(f"/v1/scans/{scan_id}/events").text
    done = api.send(PHOTO)
    api.work()
    assert code(api.client.post(f"/v1/scans/{done}/cancel")) == (409, "scan_over")


def pages(api: Desk, address: str) -> str:
    answer = api.client.get(address)
    assert answer.status_code == 200
    return answer.text


def test_the_page_cancels_a_scan_and_shows_it(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    assert f"/scans/{scan_id}/cancel" in pages(api, f"/scans/{scan_id}")
    api.client.post(f"/scans/{scan_id}/cancel")
    shown = pages(api, f"/scans/{scan_id}")
    assert "was cancelled" in shown
    assert f"/scans/{scan_id}/cancel" not in shown
    assert api.client.post(f"/scans/{scan_id}/cancel", follow_redirects=False).status_code == 303


def test_the_pages_list_can_be_narrowed_and_keeps_that_when_turning(
    api: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.listing.LISTED", 1)
    post(api, name="first.jpg", reference="r&r")
    api.client.post("/v1/scans", files={"file": ("second.jpg", PHOTO)}, data={"reference": "r&r"})
    api.send(OTHER, "third.jpg")
    shown = pages(api, "/scans?state=&verdict=&kind=image&reference=r%26r")
    assert "second.jpg" in shown
    assert "third.jpg" not in shown
    older = shown.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert "first.jpg" in pages(api, older)
    assert "No scan matches." in pages(api, "/scans?verdict=inconclusive")
