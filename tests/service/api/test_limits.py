"""Rate limits and quotas as a client meets them: fields, 429 and when to come back."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.base import Kind
from service.access.door import Door
from service.access.meter import Quotas
from service.access.principal import Scope
from service.access_errors import TooManyInFlight
from service.db.access import OwnLimits
from service.db.engine import Database
from service.db.lifecycle import BlobKey, new_scan_id
from service.db.scans import NewScan, ScanRows
from service.reporting.report import Profile
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(64, 48))


@pytest.fixture
def make(tmp_path: Path) -> Callable[[Quotas], Desk]:
    engine = StandIn(reports.verified_ai, preview=PHOTO)
    return lambda quotas: desk(tmp_path, engine, door=Door.LOCKED, quotas=quotas)


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


def test_of_many_scans_sent_at_once_exactly_as_many_are_taken_as_may_be_in_flight(
    database: Database,
) -> None:
    rows = ScanRows(database)

    def accept(_: int) -> bool:
        now = datetime.now(UTC)
        new = NewScan(
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
        )
        try:
            rows.add(new, in_flight=5)
        except TooManyInFlight:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(accept, range(24))) == 5
