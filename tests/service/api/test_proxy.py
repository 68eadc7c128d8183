"""Behind a reverse proxy: whose word is taken, and links under a path."""

import re
from html import unescape
from ipaddress import ip_network
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.api.proxy import Proxies
from service.settings import Settings
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
PROXIES = Proxies((ip_network("10.0.0.0/8"), ip_network("::1/128")), "/assay")
SAID = {
    "x-forwarded-proto": "https",
    "x-forwarded-host": "desk.example.org",
    "x-forwarded-for": "192.0.2.7",
}


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO), proxies=PROXIES)


def client(api: Desk, peer: str, **headers: str) -> TestClient:
    return TestClient(api.app, client=(peer, 1), headers=headers or SAID, follow_redirects=False)


def seen_address(made: TestClient) -> str:
    """The address of the service as its page of the API has it."""
    found = re.search(r"curl -F file=@square.jpg (\S+)/v1/scans<", made.get("/api").text)
    assert found is not None
    return found[1]


def test_a_named_proxy_is_believed_and_nobody_else(api: Desk) -> None:
    assert seen_address(client(api, "10.1.2.3")) == "https://desk.example.org/assay"
    assert seen_address(client(api, "192.0.2.9")) == "http://testserver/assay"


@pytest.mark.parametrize(
    ("proto", "host", "address"),
    [
        ("http, https", "evil.example, desk.example.org", "https://desk.example.org/assay"),
        ("javascript", "desk.example.org:8443", "http://desk.example.org:8443/assay"),
        ("https", 'a"><script>', "https://testserver/assay"),
        ("https", "a/b", "https://testserver/assay"),
        ("https", "[2001:db8::1]:99", "https://[2001:db8::1]:99/assay"),
    ],
)
def test_of_several_values_the_nearest_counts_and_nonsense_is_ignored(
    api: Desk, proto: str, host: str, address: str
) -> None:
    made = client(api, "10.1.2.3", **{"x-forwarded-proto": proto, "x-forwarded-host": host})
    page = made.get("/api").text.replace("&#34;", '"')
    assert f"curl -F file=@square.jpg {address}/v1/scans<" in page


def test_writes_through_a_proxy_are_compared_with_the_host_that_the_browser_saw(api: Desk) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    ours = {"origin": "https://desk.example.org"}
    assert client(api, "10.1.2.3").post("/v1/scans", files=files, headers=ours).status_code == 202
    direct = client(api, "192.0.2.9").post("/v1/scans", files=files, headers=ours)
    assert (direct.status_code, direct.json()["code"]) == (403, "cross_site_request")


@pytest.mark.parametrize("prefix", ["", "/assay"])
def test_every_link_lies_under_the_path_whether_or_not_the_proxy_takes_it_off(
    api: Desk, prefix: str
) -> None:
    made = client(api, "10.1.2.3")
    sent = made.post(f"{prefix}/v1/scans", files={"file": ("a.jpg", PHOTO)})
    assert sent.headers["location"] == sent.json()["links"]["self"]
    assert all(link.startswith("/assay/") for link in sent.json()["links"].values())
    scan_id = sent.json()["id"]
    waiting = made.get(f"{prefix}/scans/{scan_id}").text
    api.work()
    pages = [waiting, made.get(f"{prefix}/v1/scans").text]
    for path in ("/", "/scans", "/api", "/detectors", "/verify", f"/scans/{scan_id}", "/nothing"):
        answer = made.get(prefix + path, headers={"accept": "text/html"})
        pages.append(answer.text)
    for page in pages:
        for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', unescape(page)):
            assert link.startswith("/assay/"), link
            path = link.partition("#")[0].removeprefix("/assay")
            # 503: a view that nobody has asked for yet is drawn by a worker
            assert made.get(prefix + path).status_code in {200, 404, 405, 503}, link
    form = made.post(f"{prefix}/scans", files={"file": ("a.jpg", PHOTO)})
    assert form.headers["location"].startswith("/assay/scans/")
    deleted = made.post(f"{prefix}/scans/{scan_id}/delete")
    assert deleted.headers["location"] == "/assay/"


def test_the_description_names_the_server_by_its_path(api: Desk) -> None:
    servers = client(api, "10.1.2.3").get("/v1/openapi.json").json()["servers"]
    assert [server["url"] for server in servers] == ["/assay"]


def test_the_path_alone_is_the_front_page(api: Desk) -> None:
    assert "Drop photos" in client(api, "10.1.2.3").get("/assay").text


def test_proxies_and_path_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")
    monkeypatch.setenv("ASSAY_ROOT_PATH", "/assay")
    made = Settings()
    assert [str(network) for network in made.trusted_proxies] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert made.root_path == "/assay"


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRUSTED_PROXIES", "everybody"), ("ROOT_PATH", "assay"), ("ROOT_PATH", "/assay/")],
)
def test_a_proxy_or_path_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ASSAY_{name}", value)
    with pytest.raises(ValueError, match=name.lower()):
        Settings()
