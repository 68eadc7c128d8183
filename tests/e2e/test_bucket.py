"""API and workers on a bucket: every accepted scan ends in one report though the bucket goes away."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.servers import Service, service, wait_until
from tests.media import jpeg, photo_like
from tests.service.buckets import S3Bucket, s3_server

SCANS: Final = 12
AWAY_SECONDS: Final = 3.0
SETTINGS: Final = {
    "ASSAY_LEASES__RECONCILE_SECONDS": "0.5",
    "ASSAY_LEASES__RESEND_SECONDS": "1",
}


@pytest.fixture
def bucket() -> Iterator[S3Bucket]:
    with s3_server() as server:
        yield server.new_bucket()


@pytest.fixture
def running(tmp_path: Path, bucket: S3Bucket) -> Iterator[Service]:
    settings = {"ASSAY_STORAGE": bucket.url, **bucket.server.environment, **SETTINGS}
    with service(tmp_path, settings) as made:
        made.start_api()
        yield made


def states(running: Service) -> list[str]:
    page = running.client.get("/v1/scans", params={"limit": SCANS}).json()
    return [scan["state"] for scan in page["items"]]


def upload(running: Service, number: int) -> int:
    photo = jpeg(photo_like(64 + number, 48))
    sent = running.client.post(
        "/v1/scans", files={"file": ("a.jpg", photo)}, data={"profile": "provenance"}
    )
    return sent.status_code


def test_no_scan_is_lost_while_the_bucket_refuses(running: Service, bucket: S3Bucket) -> None:
    assert [upload(running, number) for number in range(SCANS)] == [202] * SCANS
    running.worker.start()
    wait_until(lambda: "done" in states(running), what="a scan is done", seconds=90)
    bucket.server.stop()
    assert upload(running, SCANS) == 503
    assert running.client.get("/health/ready").json()["storage"] is False
    time.sleep(AWAY_SECONDS)
    bucket.server.start()
    wait_until(lambda: states(running) == ["done"] * SCANS, what="all are done", seconds=90)
    assert running.client.get("/health/ready").json()["storage"] is True
    page = running.client.get("/v1/scans", params={"limit": SCANS}).json()
    for scan in page["items"]:
        assert scan["attempts"] == 1
        assert running.client.delete(f"/v1/scans/{scan['id']}").status_code in {200, 204}
    assert bucket.names() == []
