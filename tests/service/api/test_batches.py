"""Batches over HTTP: a thousand lines of which three are wrong, files in a form, all results."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.db.batch_deaths import ATTEMPTS, LineDeaths
from service.db.deaths import Cause, Death
from service.errors import FetchFailed
from service.scans.intake import Receiver
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(160, 120))
NDJSON = {"Content-Type": "application/x-ndjson"}


def get(url: str, into: Receiver) -> None:
    if "missing" in url:
        raise FetchFailed("the server answered 404")
    into.write(PHOTO)


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO), get=get)


def send(api: Desk, *lines: object, query: str = "") -> Any:
    body = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return api.client.post(f"/v1/batches{query}", content=body, headers=NDJSON)


def results(api: Desk, batch: Any) -> list[Any]:
    answer = api.client.get(batch["links"]["results"])
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_of_a_thousand_lines_three_are_wrong_and_named_and_the_others_run(api: Desk) -> None:
    lines: list[object] = [
        {"url": f"https://example.org/{number}.jpg", "reference": f"post-{number}"}
        for number in range(1, 1001)
    ]
    lines[9] = "{"
    lines[499] = {"address": "https://example.org/a.jpg"}
    lines[999] = {"url": "file:///etc/passwd", "reference": "post-1000"}
    answer = send(api, *lines)
    batch = answer.json()
    assert (answer.status_code, batch["total"]) == (202, 1000)
    assert [(it["line"], it["reference"], it["code"]) for it in batch["wrong"]] == [
        (10, None, "invalid_request"),
        (500, None, "unknown_field"),
        (1000, "post-1000", "url_refused"),
    ]
    assert batch["states"] == {"waiting": 997, "failed": 3}
    for _ in range(20):
        api.batches.take_in()
    some = api.client.get(answer.headers["location"]).json()
    assert (some["states"]["queued"], some["state"]) == (20, "running")


def test_every_line_comes_to_a_result(api: Desk) -> None:
    batch = send(
        api,
        {"url": "https://example.org/a.jpg", "reference": "a", "labels": {"shop": "7"}},
        {"url": "https://example.org/missing.jpg", "reference": "b"},
        "nonsense",
    ).json()
    api.work()
    done = api.client.get(batch["links"]["self"]).json()
    assert (done["state"], done["states"]) == ("done", {"done": 1, "failed": 2})
    assert sum(done["verdicts"].values()) == 1
    assert done["finished_at"] is not None
    first, second, third = results(api, batch)
    assert (first["line"], first["reference"], first["labels"]) == (1, "a", {"shop": "7"})
    assert first["verdict"] is not None
    assert api.client.get(f"/v1/scans/{first['scan']}/report").status_code == 200
    assert (second["state"], second["failure"]["code"]) == ("failed", "fetch_failed")
    assert (third["scan"], third["failure"]["code"]) == (None, "invalid_request")


def test_the_profile_of_the_address_is_that_of_lines_which_name_none(api: Desk) -> None:
    url = "https://example.org/a.jpg"
    send(api, {"url": url}, {"url": url, "profile": "full"}, query="?profile=provenance")
    api.work()
    profiles = [it["profile"] for it in api.client.get("/v1/scans").json()["items"]]
    assert sorted(profiles) == ["full", "provenance"]


def test_files_of_a_form_are_taken_each_by_itself(api: Desk) -> None:
    parts: list[Any] = [
        ("reference", (None, "first")),
        ("file", ("a.jpg", PHOTO)),
        ("file", ("b.exe", b"MZ" + bytes(9000))),
        ("file", ("c.jpg", b"")),
        ("file", ("d.jpg", PHOTO)),
    ]
    batch = api.client.post("/v1/batches", files=parts).json()
    assert [(it["line"], it["code"]) for it in batch["wrong"]] == [
        (2, "unsupported_kind"),
        (3, "empty_file"),
    ]
    assert batch["states"] == {"queued": 2, "failed": 2}
    api.work()
    assert api.client.get(batch["links"]["self"]).json()["state"] == "done"
    first, _, _, last = results(api, batch)
    assert (first["reference"], last["reference"], last["line"]) == ("first", None, 4)
    assert api.client.get(f"/v1/scans/{last['scan']}").json()["name"] == "d.jpg"


def test_a_form_that_breaks_off_leaves_nothing(api: Desk) -> None:
    whole = api.client.build_request("POST", "/v1/batches", files=[("file", ("a.jpg", PHOTO))] * 3)
    body = whole.read()
    for end in (len(body) // 2, len(body) - 10):
        headers = {"Content-Type": whole.headers["content-type"]}
        answer = api.client.post("/v1/batches", content=body[:end], headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert api.stored() == []
    assert api.client.get("/v1/batches").json()["items"] == []
    assert api.client.get("/v1/scans").json()["items"] == []


@pytest.mark.parametrize(
    ("field", "code"),
    [
        (("nonsense", (None, "x")), "unknown_field"),
        (("file", (None, "text")), "invalid_request"),
        (("reference", (None, "x" * 201)), "invalid_request"),
        (("reference", (None, "x" * 9000)), "invalid_request"),
        (("reference", ("a.jpg", PHOTO)), "invalid_request"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_whole(api: Desk, field: Any, code: str) -> None:
    answer = api.client.post("/v1/batches", files=[("file", ("a.jpg", PHOTO)), field])
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert api.stored() == []


def test_bodies_that_are_no_batch_are_refused(api: Desk) -> None:
    line = json.dumps({"url": "https://example.org/a.jpg"})
    refused = {
        "invalid_request": (422, api.client.post("/v1/batches", content=b"", headers=NDJSON)),
        "batch_too_long": (413, send(api, *[line] * 1001)),
        "wrong_content_type": (415, api.client.post("/v1/batches", json={})),
    }
    for code, (status, answer) in refused.items():
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    large = api.client.post("/v1/batches", content=b" " * 5 * 1024**2, headers=NDJSON)
    assert large.json()["code"] == "batch_too_long"


def test_hundreds_of_files_take_no_more_memory_than_a_few(api: Desk) -> None:
    """The bodies differ by 40 MB; what the process holds at most does not."""
    picture = PHOTO + bytes(100_000)
    peaks = []
    with serving(api.app) as base, httpx2.Client(base_url=base, timeout=300) as client:
        for count in (20, 420):
            tracemalloc.start()
            answer = client.post(
                "/v1/batches",
                content=form(picture, count),
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            )
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert (answer.status_code, answer.json()["total"]) == (202, count)
    assert peaks[1] < peaks[0] + 5_000_000


def form(data: bytes, count: int) -> Iterator[bytes]:
    for number in range(count):
        head = f'Content-Disposition: form-data; name="file"; filename="{number}.jpg"'
        yield f"--x\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    yield b"--x--\r\n"


def test_more_than_a_thousand_files_leave_nothing(api: Desk) -> None:
    answer = api.client.post(
        "/v1/batches",
        content=form(PHOTO, 1001),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_long")
    assert api.stored() == []


def test_a_batch_can_be_cancelled_deleted_and_listed(api: Desk) -> None:
    first, second = (send(api, {"url": "https://example.org/a.jpg"}).json() for _ in range(2))
    cancelled = api.client.post(first["links"]["cancel"])
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert api.client.post(first["links"]["cancel"]).json() == cancelled.json()
    page = api.client.get("/v1/batches?limit=1").json()
    rest = api.client.get(f"/v1/batches?before={page['next']}").json()
    assert {it["id"] for it in page["items"] + rest["items"]} == {first["id"], second["id"]}
    api.work()
    assert api.client.delete(second["links"]["self"]).status_code == 204
    assert api.client.get(second["links"]["self"]).json()["code"] == "batch_not_found"
    assert api.client.get(second["links"]["results"]).status_code == 404
    assert api.stored() == []


def test_a_line_that_killed_its_workers_says_what_each_died_of(api: Desk) -> None:
    batch = send(api, {"url": "https://example.org/a.jpg"}).json()

    def killed(url: str, into: Receiver) -> None:
        raise KeyboardInterrupt

    api.batches._fetch = killed
    deaths = LineDeaths(api.database)
    for _ in range(ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            api.batches.take_in("host:7")
        deaths.died("host:7", Death(Cause.OUT_OF_MEMORY, "SIGKILL"), api.database.now())
    api.batches.round()
    (line,) = results(api, batch)
    assert (line["state"], line["failure"]["code"]) == ("failed", "quarantined")
    assert "memory ran out" in line["failure"]["sentence"]
    assert [(it["attempt"], it["cause"], it["detail"]) for it in line["deaths"]] == [
        (attempt, "out_of_memory", "SIGKILL") for attempt in (1, 2, 3)
    ]
    assert "host" not in str(line["deaths"])
