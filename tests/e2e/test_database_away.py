"""A PostgreSQL that goes away and comes back in the middle of requests."""

import threading
from pathlib import Path

import httpx2

from tests.e2e.servers import postgresql_server, service, wait_until
from tests.media import jpeg, photo_like


def test_requests_while_postgresql_is_away_are_503_and_the_service_recovers(
    tmp_path: Path,
) -> None:
    picture = jpeg(photo_like(64, 48))
    answers: list[httpx2.Response] = []
    broken: list[Exception] = []
    stop = threading.Event()
    with (
        postgresql_server() as (server, url),
        service(tmp_path, {"ASSAY_DATABASE_URL": url}) as running,
    ):
        running.start_api()

        def ask() -> None:
            while not stop.is_set():
                try:
                    answers.append(
                        running.client.post("/v1/scans", files={"file": ("a.jpg", picture)})
                    )
                except httpx2.TransportError as error:
                    broken.append(error)

        def codes() -> set[int]:
            return {answer.status_code for answer in answers}

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            wait_until(lambda: 202 in codes(), what="an upload is taken")
            server.kill()
            wait_until(lambda: 503 in codes(), what="an upload is refused")
            assert running.client.get("/v1/scans").status_code == 503
            assert running.client.get("/health/ready").status_code == 503
            assert running.client.get("/health/live").status_code == 200
            refused = len(answers)
            server.start()
            wait_until(
                lambda: any(answer.status_code == 202 for answer in answers[refused:]),
                what="an upload is taken again",
            )
        finally:
            stop.set()
            asking.join()
        assert broken == []
        assert codes() == {202, 503}
        assert all("Retry-After" in it.headers for it in answers if it.status_code == 503)
        for answer in answers:
            if answer.status_code == 202:
                found = running.client.get(f"/v1/scans/{answer.json()['id']}")
                assert found.status_code == 200
