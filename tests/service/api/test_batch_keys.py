"""Of any number of requests with one idempotency key one makes a batch, as lines and as files."""

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
LINES = b"""{"url": "https://example.org/a.jpg", "reference": "a"}
{"url": "https://example.org/b.jpg"}
{
"""
FILES: list[Any] = [
    ("reference", (None, "first")),
    ("file", ("a.jpg", PHOTO)),
    ("file", ("b.exe", b"MZ" + bytes(9000))),
    ("file", ("c.jpg", OTHER)),
]


def get(url: str, into: Receiver) -> None:
    into.write(PHOTO)


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO), get=get)


def lines(client: Any, key: str | None, body: bytes = LINES, query: str = "") -> Any:
    headers = {"Content-Type": "application/x-ndjson"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return client.post(f"/v1/batches{query}", content=body, headers=headers)


def files(client: Any, key: str, parts: list[Any]) -> Any:
    return client.post("/v1/batches", files=parts, headers={"Idempotency-Key": key})


def batches(api: Desk) -> list[str]:
    return [batch["id"] for batch in api.client.get("/v1/batches").json()["items"]]


def scans(api: Desk) -> int:
    return len(api.client.get("/v1/scans?limit=100").json()["items"])


def test_the_same_lines_again_give_the_same_batch_and_its_wrong_lines(api: Desk) -> None:
    first = lines(api.client, "k")
    api.work()
    again = lines(api.client, '"k"')
    assert (first.status_code, again.status_code) == (202, 202)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert [it["line"] for it in first.json()["wrong"]] == [3]
    assert again.json()["wrong"] == first.json()["wrong"]
    assert again.json()["state"] == "done", "it is answered as it is now"
    assert (len(batches(api)), scans(api)) == (1, 2)


def test_a_line_that_failed_later_was_no_wrong_line(tmp_path: Path) -> None:
    api = desk(tmp_path, StandIn(reports.verified_ai))  # fetches nothing
    first = lines(api.client, "k")
    api.work()
    again = lines(api.client, "k").json()
    assert again["states"] == {"failed": 3}
    assert again["wrong"] == first.json()["wrong"]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        pytest.param(LINES + b"{}\n", "", id="a line more"),
        pytest.param(LINES, "?profile=provenance", id="another profile"),
    ],
)
def test_other_lines_with_the_key_are_refused(api: Desk, body: bytes, query: str) -> None:
    lines(api.client, "k")
    answer = lines(api.client, "k", body, query)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(batches(api)) == 1


def test_the_same_files_again_give_the_same_batch_under_any_boundary(api: Desk) -> None:
    first, again = files(api.client, "k", FILES), files(api.client, "k", FILES)
    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert [it["code"] for it in again.json()["wrong"]] == ["unsupported_kind"]
    assert (len(batches(api)), scans(api)) == (1, 2)
    assert len(api.stored()) == 2


@pytest.mark.parametrize("change", ["content", "refused content", "name", "reference", "order"])
def test_other_files_with_the_key_are_refused(api: Desk, change: str) -> None:
    files(api.client, "k", FILES)
    parts = list(FILES)
    match change:
        case "content":
            parts[1] = ("file", ("a.jpg", OTHER))
        case "refused content":
            parts[2] = ("file", ("b.exe", b"MZ" + bytes(9001)))
        case "name":
            parts[1] = ("file", ("z.jpg", PHOTO))
        case "reference":
            parts[0] = ("reference", (None, "second"))
        case _:
            parts[2], parts[3] = parts[3], parts[2]
    answer = files(api.client, "k", parts)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert (len(batches(api)), scans(api)) == (1, 2)


def test_a_refused_batch_leaves_its_key_to_the_next_request(api: Desk) -> None:
    refused = files(api.client, "k", [("photo", ("a.jpg", PHOTO))])
    assert refused.json()["code"] == "unknown_field"
    assert files(api.client, "k", FILES).status_code == 202


def test_the_key_of_a_scan_makes_no_batch(api: Desk) -> None:
    key = {"Idempotency-Key": "k"}
    api.client.post("/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=key)
    assert lines(api.client, "k").json()["code"] == "idempotency_key_reused"


def test_a_deleted_batch_does_not_come_back_with_its_key(api: Desk) -> None:
    batch = lines(api.client, "k").json()
    assert api.client.delete(batch["links"]["self"]).status_code == 204
    answer = lines(api.client, "k")
    assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")


def test_of_twenty_requests_at_once_one_makes_a_batch(api: Desk) -> None:
    with (
        serving(api.app) as base,
        httpx2.Client(base_url=base, trust_env=False) as client,
        ThreadPoolExecutor(20) as pool,
    ):
        answers = list(pool.map(lambda _: lines(client, "k"), range(20)))
    codes = {answer.status_code for answer in answers}
    assert codes <= {202, 409}
    made = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert made == set(batches(api))
    assert len(made) == 1
