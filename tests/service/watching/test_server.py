"""The server that Prometheus asks, over real connections."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Gauge

from service.errors import SettingsInvalid
from service.watching.server import Answer, Watched, figures_of, start


@pytest.fixture
def server() -> Iterator[Watched]:
    registry = CollectorRegistry()
    Gauge("assay_example", "An example", registry=registry).set(7)
    paths = {
        "/metrics": figures_of(registry),
        "/health/live": lambda: Answer.health(well=False),
    }
    made = start("127.0.0.1", 0, paths)
    yield made
    made.shutdown()
    made.server_close()


def fetch(server: Watched, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}") as answer:
        return str(answer.read().decode())


def test_figures_are_told_in_the_text_that_prometheus_reads(server: Watched) -> None:
    assert "assay_example 7.0" in fetch(server, "/metrics").splitlines()


@pytest.mark.parametrize(("path", "status"), [("/health/live", 503), ("/v1/scans", 404)])
def test_what_is_not_well_and_what_is_not_there_have_their_status(
    server: Watched, path: str, status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        fetch(server, path)
    raised.value.close()
    assert raised.value.code == status


def test_a_port_that_is_taken_is_a_sentence_about_settings() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(SettingsInvalid, match=r"cannot listen on 127\.0\.0\.1 port"),
    ):
        start("127.0.0.1", taken.getsockname()[1], {})
