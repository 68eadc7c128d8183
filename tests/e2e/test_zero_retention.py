"""Zero retention with real processes: nothing that lies on a disk ever gives the bytes of a file.

A picture is sent while no worker runs, half of another is left behind, a worker is stopped
in the middle of its work, killed, and brought back. Each time every file of the data folder, of the
database and of the broker is searched for a stretch of the pictures.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
import redis as redis_client
from sqlalchemy import select

from service.db.engine import Database
from service.db.models import ScanRow
from tests.e2e.servers import Service, postgresql, redis, service, wait_until
from tests.media import jpeg, photo_like
from tests.service.command_line import assay

SCANS: Final = 12
PICTURE: Final = jpeg(photo_like(800, 600))
TRACE: Final = PICTURE[len(PICTURE) // 3 :][:64]
"""Compressed pixels, which are nowhere but in the file itself."""

PIECE: Final = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
SETTINGS: Final = {
    "ASSAY_LEASES__SECONDS": "2",
    "ASSAY_LEASES__RECONCILE_SECONDS": "0.5",
    "ASSAY_LEASES__RESEND_SECONDS": "2",
    "ASSAY_INDEX_SCANS": "true",
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A service, and every place where it could leave something."""

    service: Service
    places: tuple[Path, ...]
    broker: str | None
    database: Database

    def everywhere(self) -> Iterator[bytes]:
        if self.broker is not None:  # which keeps nothing on disk unless it is told to
            with closing(redis_client.Redis.from_url(self.broker)) as client:
                client.config_set("rdbcompression", "no")
                client.save()
        for place in self.places:
            for path in place.rglob("*"):
                if path.is_file():
                    yield path.read_bytes()

    def holds(self, trace: bytes) -> bool:
        return any(trace in found for found in self.everywhere())


@pytest.fixture(params=["embedded", "fleet"])
def deployed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployment]:
    (tmp_path / "temporary").mkdir()
    settings = {**SETTINGS, "TMPDIR": str(tmp_path / "temporary")}
    url, broker = f"sqlite:///{tmp_path / 'assay.db'}", None
    places: tuple[Path, ...] = (tmp_path,)
    with ExitStack() as stack:
        if request.param == "fleet":
            broker = stack.enter_context(redis(tmp_path)).url
            url = stack.enter_context(postgresql())
            settings |= {"ASSAY_BROKER_URL": broker, "ASSAY_DATABASE_URL": url}
            places += (Path(parse_qs(urlsplit(url).query)["host"][0]),)
        running = stack.enter_context(service(tmp_path, settings))
        running.start_api()
        database = stack.enter_context(closing(Database(url)))
        yield Deployment(running, places, broker, database)


def send(running: Service, number: int) -> str:
    answer = running.client.post(
        "/v1/scans",
        files={"file": (f"{number}.jpg", PICTURE, "image/jpeg")},
        data={"profile": "provenance"},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def send_half(running: Service) -> None:
    begun = running.client.post("/v1/uploads", json={"size": len(PICTURE)}).json()
    half = PICTURE[: len(PICTURE) // 2]
    answer = running.client.patch(
        begun["address"], content=half, headers={**PIECE, "Upload-Offset": "0"}
    )
    assert answer.status_code == 204, answer.text


def states(running: Service) -> list[str]:
    scans = running.client.get("/v1/scans", params={"limit": 100}).json()["items"]
    return [scan["state"] for scan in scans]


def blobs(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


def test_no_byte_of_a_file_ever_lies_readable_on_a_disk(
    deployed: Deployment, tmp_path: Path
) -> None:
    running = deployed.service
    plain = send(running, 0)
    assert deployed.holds(TRACE), "the search finds what is stored as it came"
    running.client.delete(f"/v1/scans/{plain}")
    assert not deployed.holds(TRACE)

    assert running.client.put("/v1/retention", json={"zero": True}).status_code == 200
    ids = [send(running, number) for number in range(SCANS)]
    send_half(running)
    assert not deployed.holds(TRACE), "while the scans wait"
    with deployed.database.read() as session:
        secrets = [row for row in session.scalars(select(ScanRow.secret)) if row is not None]
    assert len(secrets) == SCANS
    assert deployed.holds(secrets[0])

    running.worker.start()
    wait_until(lambda: "done" in states(running), what="a first scan is done")
    os.killpg(running.worker.pid, signal.SIGSTOP)
    assert not deployed.holds(TRACE), "while a worker is at it"
    running.worker.kill()
    assert "queued" in states(running)
    assert not deployed.holds(TRACE), "after it was killed"

    running.worker.start()
    wait_until(lambda: set(states(running)) == {"done"}, what="every scan is done", seconds=90)
    wait_until(lambda: len(blobs(tmp_path)) == 1, what="half an upload is left", seconds=20)
    assert not deployed.holds(TRACE), "at the end"
    assert not (tmp_path / "index").exists()
    if deployed.broker is None:  # PostgreSQL keeps dead rows until its vacuum
        assert not any(deployed.holds(secret) for secret in secrets)
    keys = tmp_path / "published.json"
    keys.write_text(running.client.get("/.well-known/assay-keys.json").text)
    for scan_id in ids:
        assert running.client.get(f"/v1/scans/{scan_id}/report").status_code == 200
        (receipt,) = running.client.get(f"/v1/scans/{scan_id}/receipts").json()
        assert [one["item"] for one in receipt["receipt"]["removed"]] == ["file"]
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt))
    ran = assay("verify-receipt", path, "--keys", keys, data=tmp_path)
    assert ran.code == 0, ran.err
    assert "the file had been removed" in " ".join(ran.out.split())
