"""Rate limits and quotas as a client meets them: fields, 429 and when to come back."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.base import Kind
from service.access.door import Door
from service.access.meter import Quotas
from service.access.principal import Scope
from service.access_errors import TooManyInFlight
from service.db.access import OwnLimits
from service.db.engine import Database
from service.db.entries import NewScan
from service.db.lifecycle import BlobKey, new_scan_id
from service.db.places import Places
from service.db.scans import ScanRows
from service.reporting.report import Profile
from service.scans.intake import Receiver
from tests import media
from tests.service import reports
from tests.service.conftest import Parts
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(64, 48))


@pytest.fixture
def make(tmp_path: Path, database: Database, parts: Parts) -> Callable[[Quotas], Desk]:
    engine = StandIn(reports.verified_ai, preview=PHOTO)

    def made(quotas: Quotas) -> Desk:
        return desk(
            tmp_path,
            engine,
            door=Door.LOCKED,
            quotas=quotas,
            database=database,
            counters=parts.counters,
        )

    return made


def test_answers_say_how_the_limits_stand(make: Callable[[Quotas], Desk]) -> None:
    api = make(Quotas(key_requests_per_minute=5, requests_per_minute=9))
    answer = api.client.get("/v1/scans", headers=api.bearer(Scope.SCANS_READ))
    assert answer.headers["ratelimit-policy"] == '"key";q=5;w=60, "tenant";q=9;w=60'
    assert re.fullmatch(r'"key";r=4;t=\d+, "tenant";r=8;t=\d+', answer.headers["ratelimit"])


def test_one_request_too_many_is_refused_and_told_when_to_come_back(
    make: Callable[[Quotas], Desk],
) -> None:
    api = make(Quotas(key_requests_per_minute=2))
    headers = api.bearer(Scope.SCANS_READ)
    assert [api.client.get("/v1/scans", headers=headers).status_code for _ in range(2)] == [200] * 2
    answer = api.client.get("/v1/scans", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert int(answer.headers["retry-after"]) >= 1
    assert re.fullmatch(r'"key";r=0;t=\d+', answer.headers["ratelimit"])
    assert api.client.get("/v1/scans", headers=api.bearer(Scope.SCANS_READ)).status_code == 200


def test_public_routes_and_refused_keys_are_not_counted(make: Callable[[Quotas], Desk]) -> None:
    api = make(Quotas(requests_per_minute=1))
    for _ in range(3):
        assert "ratelimit" not in api.client.get("/health/live").headers
        assert api.client.get("/v1/scans").status_code == 401
    headers = api.bearer(Scope.SCANS_READ)
    assert api.client.get("/v1/scans", headers=headers).status_code == 200


def test_a_day_of_bytes_is_used_up_and_nothing_of_what_is_refused_stays(
    make: Callable[[Quotas], Desk],
) -> None:
    api = make(Quotas(upload_bytes_per_day=2 * len(PHOTO) + 1))
    headers = api.bearer(Scope.SCANS_WRITE)
    for _ in range(2):
        api.send(PHOTO, headers=headers)
    kept = api.stored()
    answer = api.client.post("/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "upload_quota_used")
    assert int(answer.headers["retry-after"]) >= 1
    assert api.stored() == kept


def test_scans_in_flight_are_bounded_until_one_is_done(make: Callable[[Quotas], Desk]) -> None:
    api = make(Quotas(scans_in_flight=2))
    headers = api.bearer(Scope.SCANS_WRITE)
    for _ in range(2):
        api.send(PHOTO, headers=headers)
    answer = api.client.post("/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_scans_in_flight")
    others = api.bearer(Scope.SCANS_WRITE, tenant="other")
    api.send(PHOTO, headers=others)
    api.work()
    api.send(PHOTO, headers=headers)


def test_a_tenants_own_limit_counts_instead(make: Callable[[Quotas], Desk]) -> None:
    api = make(Quotas(requests_per_minute=1))
    headers = api.bearer(Scope.SCANS_READ, tenant="news")
    api.tenants.limit("news", OwnLimits(requests_per_minute=3))
    answers = [api.client.get("/v1/scans", headers=headers).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]


def new_scan(sender: str) -> NewScan:
    now = datetime.now(UTC)
    return NewScan(
        id=new_scan_id(now),
        tenant="default",
        profile=Profile.FULL,
        queue="image",
        kind=Kind.IMAGE,
        name="a.jpg",
        sha256="0" * 64,
        size=1,
        media_type="image/jpeg",
        blob=BlobKey("default/" + "0" * 32),
        created_at=now,
        sender=sender,
    )


@pytest.mark.parametrize(
    ("of_sender", "of_tenant", "taken"),
    [
        pytest.param(0, 5, 5, id="of the tenant"),
        pytest.param(3, 0, 6, id="of each key"),
        pytest.param(3, 5, 5, id="of both"),
    ],
)
def test_of_many_scans_sent_at_once_exactly_as_many_are_taken_as_may_be_in_flight(
    database: Database, of_sender: int, of_tenant: int, taken: int
) -> None:
    rows = ScanRows(database)

    def accept(number: int) -> str | None:
        sender = f"key:{number % 2}"
        places = Places(sender=sender, of_sender=of_sender, of_tenant=of_tenant)
        try:
            rows.add(new_scan(sender), places=places)
        except TooManyInFlight:
            return None
        return sender

    with ThreadPoolExecutor(8) as pool:
        senders = Counter(filter(None, pool.map(accept, range(24))))
    assert senders.total() == taken
    assert max(senders.values()) <= (of_sender or of_tenant)


def test_one_key_takes_no_more_places_than_it_may(make: Callable[[Quotas], Desk]) -> None:
    api = make(Quotas(key_scans_in_flight=1))
    first, second = api.bearer(Scope.SCANS_WRITE), api.bearer(Scope.SCANS_WRITE)
    api.send(PHOTO, headers=first)
    answer = api.client.post("/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=first)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_scans_in_flight")
    assert "of this key" in answer.json()["detail"]
    api.send(PHOTO, headers=second)
    api.work()
    api.send(PHOTO, headers=first)


# --- batches ------------------------------------------------------------------------------------


@pytest.fixture
def fetching(tmp_path: Path) -> Callable[[Quotas], Desk]:
    def get(url: str, into: Receiver) -> None:
        into.write(PHOTO)

    engine = StandIn(reports.verified_ai, preview=PHOTO)
    return lambda quotas: desk(tmp_path, engine, get=get, door=Door.LOCKED, quotas=quotas)


def batch_of(api: Desk, count: int, headers: dict[str, str]) -> str:
    answer = api.client.post(
        "/v1/batches",
        content='{"url": "https://example.org/a.jpg"}\n' * count,
        headers=headers | {"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 202
    return str(answer.json()["links"]["self"])


def states(api: Desk, batch: str, headers: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = api.client.get(batch, headers=headers).json()["states"]
    return found


def test_fetched_addresses_count_for_the_bytes_of_the_day(
    fetching: Callable[[Quotas], Desk],
) -> None:
    api = fetching(Quotas(key_upload_bytes_per_day=2 * len(PHOTO) + 1))
    headers = api.bearer(Scope.SCANS_WRITE, Scope.SCANS_READ)
    batch = batch_of(api, 3, headers)
    api.work()
    assert states(api, batch, headers) == {"done": 2, "failed": 1}
    lines = api.client.get(f"{batch}/results", headers=headers).text.splitlines()
    (failed,) = [json.loads(line) for line in lines if '"failed"' in line]
    assert failed["failure"]["code"] == "upload_quota_used"
    answer = api.client.post("/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=headers)
    assert answer.json()["code"] == "upload_quota_used", "the key is the same"
    other = api.bearer(Scope.SCANS_WRITE)
    api.send(PHOTO, headers=other)


def test_lines_of_a_batch_wait_while_no_scan_more_may_be_in_flight(
    fetching: Callable[[Quotas], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.scans.batches.ROOM", timedelta(seconds=0.05))
    api = fetching(Quotas(key_scans_in_flight=2))
    headers = api.bearer(Scope.SCANS_WRITE, Scope.SCANS_READ)
    batch = batch_of(api, 5, headers)
    other = api.bearer(Scope.SCANS_WRITE, Scope.SCANS_READ, tenant="other")
    others = batch_of(api, 1, other)
    while api.batches.take_in():
        pass
    assert states(api, batch, headers)["queued"] == 2
    assert states(api, others, other) == {"queued": 1}, "another's batch waits for nobody"
    end = time.monotonic() + 30
    while states(api, batch, headers) != {"done": 5}:
        assert time.monotonic() < end
        api.work()
        assert states(api, batch, headers).get("queued", 0) <= 2
        time.sleep(0.06)


def test_files_of_a_form_beyond_the_places_are_wrong_lines(
    fetching: Callable[[Quotas], Desk],
) -> None:
    api = fetching(Quotas(scans_in_flight=2))
    headers = api.bearer(Scope.SCANS_WRITE)
    files = [("file", ("a.jpg", PHOTO))] * 3
    batch = api.client.post("/v1/batches", files=files, headers=headers).json()
    assert [(it["line"], it["code"]) for it in batch["wrong"]] == [(3, "too_many_scans_in_flight")]
    assert batch["states"] == {"queued": 2, "failed": 1}
