"""What is counted of a key and a tenant, in this process and in Redis, with many at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.access.meter import Meter, Quotas
from service.access.principal import Principal
from service.access_errors import UploadQuotaUsed
from service.db.access import OwnLimits
from service.db.places import Places
from tests.service.conftest import Parts

KEY = Principal(tenant="news", actor="key:one", scopes=frozenset())
SIBLING = Principal(tenant="news", actor="key:two", scopes=frozenset())
STRANGER = Principal(tenant="default", actor="local", scopes=frozenset())


@pytest.fixture
def counters(parts: Parts) -> str:
    return parts.counters


def nothing_of_its_own(tenant: str) -> None:
    return None


def test_of_many_requests_at_once_exactly_as_many_pass_as_may(counters: str) -> None:
    meter = Meter(Quotas(key_requests_per_minute=50), nothing_of_its_own, counters)
    with ThreadPoolExecutor(16) as pool:
        counts = list(pool.map(lambda _: meter.request(KEY), range(200)))
    assert sum(count.exceeded is None for count in counts) == 50
    (standing,) = meter.request(KEY).standings
    assert (standing.name, standing.amount, standing.window_seconds) == ("key", 50, 60)
    assert standing.remaining == 0
    assert 1 <= standing.reset_seconds <= 120


def test_of_many_uploads_at_once_exactly_as_many_bytes_pass_as_may(counters: str) -> None:
    meter = Meter(Quotas(upload_bytes_per_day=1_000_000), nothing_of_its_own, counters)

    def upload(_: int) -> int:
        try:
            meter.upload(KEY, 30_000)
        except UploadQuotaUsed:
            return 0
        return 30_000

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(upload, range(100))) == 990_000
    meter.upload(KEY, 10_000)
    with pytest.raises(UploadQuotaUsed, match="tenant may upload 1000000 bytes a day, and 0"):
        meter.room(SIBLING)


def test_a_refused_upload_takes_nothing_away(counters: str) -> None:
    quotas = Quotas(key_upload_bytes_per_day=100, upload_bytes_per_day=150)
    meter = Meter(quotas, nothing_of_its_own, counters)
    for too_much in (101, 10**12):
        with pytest.raises(UploadQuotaUsed, match="key"):
            meter.upload(KEY, too_much)
    meter.upload(KEY, 100)
    with pytest.raises(UploadQuotaUsed, match=r"tenant .* and 50 are left"):
        meter.upload(SIBLING, 51)
    meter.upload(SIBLING, 50)


def test_keys_of_one_tenant_share_its_limit_and_nobody_elses() -> None:
    quotas = Quotas(key_requests_per_minute=3, requests_per_minute=4)
    meter = Meter(quotas, nothing_of_its_own)
    assert [meter.request(KEY).exceeded is None for _ in range(3)] == [True] * 3
    exceeded = meter.request(KEY).exceeded
    assert exceeded is not None
    assert exceeded.name == "key"
    assert meter.request(SIBLING).exceeded is None
    exceeded = meter.request(SIBLING).exceeded
    assert exceeded is not None
    assert exceeded.name == "tenant"
    other = Principal(tenant="other", actor="account:three", scopes=frozenset())
    assert meter.request(other).exceeded is None


def test_a_tenant_may_have_limits_of_its_own_and_none_at_all() -> None:
    own = {"news": OwnLimits(requests_per_minute=0, scans_in_flight=7)}
    quotas = Quotas(requests_per_minute=1, key_scans_in_flight=2, scans_in_flight=3)
    meter = Meter(quotas, own.get)
    assert all(meter.request(KEY).exceeded is None for _ in range(5))
    assert meter.places(KEY) == Places(sender="key:one", of_sender=2, of_tenant=7)
    other = Principal(tenant="other", actor="key:three", scopes=frozenset())
    assert meter.places(other).of_tenant == 3
    assert meter.request(other).exceeded is None
    assert meter.request(other).exceeded is not None


def test_who_needs_no_key_is_not_counted() -> None:
    meter = Meter(
        Quotas(
            key_requests_per_minute=1,
            requests_per_minute=1,
            upload_bytes_per_day=1,
            key_scans_in_flight=1,
            scans_in_flight=1,
        ),
        nothing_of_its_own,
    )
    for _ in range(3):
        assert meter.request(STRANGER).standings == ()
        meter.upload(STRANGER, 100)
    assert not meter.places(STRANGER).bounded


def test_counters_that_are_away_shut_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    quotas = Quotas(requests_per_minute=1, upload_bytes_per_day=1)
    meter = Meter(quotas, nothing_of_its_own, "redis://127.0.0.1:1/0")
    for _ in range(3):
        assert meter.request(KEY).exceeded is None
        meter.upload(KEY, 100)
    assert caplog.text.count("nothing is counted") == 1
