"""An API that is killed between accepting an upload and answering makes no second scan."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest

from tests.e2e.servers import Redis, Service, postgresql, redis, service, wait_until
from tests.media import jpeg, photo_like

PHOTO = jpeg(photo_like(64, 48))
KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}


@pytest.fixture(params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Service, Redis]]:
    with ExitStack() as stack:
        broker = stack.enter_context(redis(tmp_path))
        settings = {"ASSAY_BROKER_URL": broker.url}
        if request.param == "postgresql":
            settings["ASSAY_DATABASE_URL"] = stack.enter_context(postgresql())
        yield stack.enter_context(service(tmp_path, settings)), broker


def test_the_retry_of_a_request_whose_api_was_killed_has_the_same_scan(
    running: tuple[Service, Redis],
) -> None:
    """The broker holds its breath, so the API waits for it with the scan already written."""
    served, broker = running
    served.start_api()

    def send() -> httpx2.Response:
        return served.client.post("/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=KEY)

    def scans() -> list[str]:
        return [scan["id"] for scan in served.client.get("/v1/scans").json()["items"]]

    def send_in_vain() -> None:
        with suppress(httpx2.TransportError):
            answers.append(send())

    answers: list[httpx2.Response] = []
    sending = threading.Thread(target=send_in_vain)
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        sending.start()
        wait_until(lambda: bool(scans()), what="the scan is written")
        served.api.kill()
        sending.join()
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    assert answers == []
    served.start_api()
    (accepted,) = scans()
    again = send()
    assert (again.status_code, again.json()["id"]) == (202, accepted)
    assert again.headers["idempotency-replayed"] == "true"
    assert scans() == [accepted]
