"""A real nginx in front, as docs/proxy.md sets it up: links, redirects, uploads, events."""

import re
import shutil
from collections.abc import Iterator
from html import unescape
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from service.api.proxy import Proxies
from tests import media
from tests.e2e.servers import Process, answers, free_port, wait_until
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(320, 240))
DOCUMENTED = Path(__file__).parents[2] / "docs/proxy.md"
PROXIES = Proxies((ip_network("127.0.0.1"),), "/assay")


@pytest.fixture
def made(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO), proxies=PROXIES)


@pytest.fixture
def front(made: Desk, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A client of nginx, with the location block of the documentation."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("nginx (Debian: nginx-light) is not here")
    block = re.search(r"( {4}location /assay/ \{.*?\n {4}\})", DOCUMENTED.read_text(), re.DOTALL)
    assert block is not None
    port = free_port()
    with serving(made.app) as address:
        location = block[1].replace("127.0.0.1:8000", urlsplit(address).netloc)
        temporary = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;"
            f"events {{}} http {{ access_log off; {temporary}"
            f"server {{ listen 127.0.0.1:{port}; {location} }} }}"
        )
        server = Process([program, "-c", str(tmp_path / "nginx.conf")], tmp_path / "nginx.log")
        server.start()
        try:
            wait_until(lambda: answers(port), what="nginx answers", seconds=20)
            base = f"http://127.0.0.1:{port}"
            with httpx2.Client(base_url=base, timeout=30, trust_env=False) as client:
                yield client
        finally:
            server.stop()


def test_upload_events_and_report_go_through_nginx(made: Desk, front: httpx2.Client) -> None:
    origin = {"origin": str(front.base_url).rstrip("/")}
    sent = front.post("/assay/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=origin)
    assert sent.status_code == 202, sent.text
    links = sent.json()["links"]
    assert sent.headers["location"] == links["self"]
    with front.stream("GET", links["events"]) as stream, made.working():
        assert "event: end" in "".join(stream.iter_text())
    assert front.get(links["report"]).json()["subject"]["name"] == "a.jpg"
    page = front.get(links["page"]).text
    for link in re.findall(r'(?:href|src)="(/[^"#]*)"', unescape(page)):
        there = 503 if "/views/" in link else 200  # a view waits for a worker to draw it
        assert front.get(link).status_code == there, link
    assert f"{origin['origin']}/assay/v1/scans" in front.get("/assay/api").text
    foreign = front.post("/assay/v1/scans", headers={"origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
