"""A page of another site must not reach the service by a name of its own."""

from pathlib import Path

import pytest

from service.api.hosts import Hosts
from tests.service import reports
from tests.service.webapp import StandIn, desk


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:80", "a.localhost"])
def test_loopback_is_always_allowed(host: str) -> None:
    assert Hosts().allow(host)


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example", "192.0.2.7"])
def test_any_other_name_is_refused_unless_it_is_listed(host: str) -> None:
    assert not Hosts().allow(host)


def test_listed_names_and_what_lies_below_them_are_allowed() -> None:
    hosts = Hosts(("desk.example.org", "*.example.net", "0.0.0.0"))
    allowed = ("desk.example.org:443", "a.b.example.net", "192.0.2.7", "DESK.example.org.")
    assert all(map(hosts.allow, allowed))
    assert not hosts.allow("other.example.org")
    assert not hosts.allow("example.net")


def test_a_rebound_name_is_answered_with_a_code_though_origin_fits(tmp_path: Path) -> None:
    client = desk(tmp_path, StandIn(reports.no_sign_found)).client
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    answer = client.get("/v1/scans", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (421, "host_not_allowed")
