"""`assay compare A B --server URL`: two scans of a service, and each way in which one cannot be had."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from service.access.door import Door
from service.access.principal import Scope
from tests import media
from tests.service import reports
from tests.service.command_line import Ran, assay
from tests.service.webapp import Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(160, 120))
NOWHERE = "01jd0000000000000000000000"


@dataclass(frozen=True, slots=True)
class Served:
    """A service with two scans of the default tenant and one of another."""

    api: Desk
    address: str
    scans: tuple[str, str]
    others: str
    data: Path

    def compare(self, second: str, *options: str, key: dict[str, str] | None) -> Ran:
        own = () if key is None else ("--key", key["Authorization"].removeprefix("Bearer "))
        first = self.scans[0]
        return assay(
            "compare", first, second, "--server", self.address, *own, *options, data=self.data
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("compared")
    kinds = cycle((reports.stating, reports.declared_ai))
    api = desk(folder / "server", StandIn(lambda: next(kinds)()), door=Door.LOCKED)
    sender = api.bearer(Scope.SCANS_WRITE)
    scans = (api.send(PHOTO, "a.jpg", sender), api.send(PHOTO + b"b", "b.jpg", sender))
    others = api.send(PHOTO, "secret.jpg", api.bearer(Scope.SCANS_WRITE, tenant="elsewhere"))
    api.work()
    with serving(api.app) as address:
        yield Served(api, address, scans, others, folder)


def test_two_scans_of_a_service_are_compared_by_their_reports(served: Served) -> None:
    reader = served.api.bearer(Scope.SCANS_READ)
    ran = served.compare(served.scans[1], "--json", key=reader)
    assert ran.code == 1, ran.err
    found = json.loads(ran.out)
    assert (found["first"]["name"], found["second"]["name"]) == ("a.jpg", "b.jpg")
    lines = {line["what"]: line for line in found["lines"]}
    assert lines["Verdict"]["differs"]
    (where,) = found["pixels"]["sentences"]
    assert f"{served.address}/compare?a={served.scans[0]}&b={served.scans[1]}" in where
    same = served.compare(served.scans[0], key=reader)
    assert (same.code, same.err) == (0, "")


def test_a_scan_that_is_not_there_and_one_of_another_tenant_are_answered_alike(
    served: Served,
) -> None:
    reader = served.api.bearer(Scope.SCANS_READ)
    for scan in (NOWHERE, served.others, "../../etc/passwd"):
        ran = served.compare(scan, key=reader)
        assert ran.code == 3
        assert ran.out == ""
        assert ran.err.startswith(f"assay: {scan}: ")
        assert "secret.jpg" not in ran.err
    absent, others = (served.compare(it, key=reader).err for it in (NOWHERE, served.others))
    assert absent.replace(NOWHERE, "") == others.replace(served.others, "")


@pytest.mark.parametrize("scopes", [None, (Scope.SCANS_WRITE,)])
def test_whoever_may_not_read_is_told_so(served: Served, scopes: tuple[Scope, ...] | None) -> None:
    key = None if scopes is None else served.api.bearer(*scopes)
    ran = served.compare(served.scans[1], key=key)
    assert ran.code == 3
    assert "[server_away]" in ran.err
    assert ("credentials_missing" if scopes is None else "scope_missing") in ran.err


def test_a_server_that_is_down_is_named(served: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ran = assay("compare", *served.scans, "--server", down, data=served.data)
    assert ran.code == 3
    assert down in ran.err
    assert "Traceback" not in ran.err
