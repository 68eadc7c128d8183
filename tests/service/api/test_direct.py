"""Files that clients put into the bucket by an address of the service's."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.db.retention_lifecycle import OwnRetention
from service.storage.opening import open_store
from tests import media
from tests.service import reports
from tests.service.buckets import S3Bucket
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))


def engine() -> StandIn:
    return StandIn(reports.verified_ai, preview=PHOTO)


@pytest.fixture
def api(tmp_path: Path, bucket: S3Bucket) -> Desk:
    return desk(tmp_path, engine(), store=open_store(bucket.url))


def begin(api: Desk, **about: object) -> Any:
    wanted = {"name": "photo.jpg", "size": len(PHOTO), "direct": True, **about}
    answer = api.client.post("/v1/uploads", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


def put(address: str, data: bytes) -> None:
    """As any client does that knows nothing of assay."""
    httpx2.put(address, content=data, timeout=20).raise_for_status()


def complete(api: Desk, upload: Any) -> Any:
    return api.client.post(f"{upload['address']}/complete")


def test_a_file_put_into_the_bucket_becomes_a_scan(api: Desk, bucket: S3Bucket) -> None:
    upload = begin(api, sha256=hashlib.sha256(PHOTO).hexdigest())
    put(upload["direct"]["address"], PHOTO)
    answer = complete(api, upload)
    assert (answer.status_code, answer.json()["state"]) == (200, "complete")
    assert complete(api, upload).json() == answer.json()
    assert answer.json()["direct"] is None
    made = api.client.post("/v1/scans", files={"upload": (None, upload["id"])})
    assert made.json()["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    api.work()
    assert api.client.get(made.headers["location"]).json()["state"] == "done"
    assert not [name for name in bucket.names() if ".part" in name]
    assert complete(api, upload).json()["code"] == "upload_used"


def test_what_is_put_there_after_it_was_looked_at_is_void(api: Desk, bucket: S3Bucket) -> None:
    upload = begin(api)
    put(upload["direct"]["address"], PHOTO)
    complete(api, upload)
    put(upload["direct"]["address"], bytes(len(PHOTO)))
    made = api.client.post("/v1/scans", files={"upload": (None, upload["id"])})
    api.work()
    assert api.client.get(made.headers["location"]).json()["state"] == "done"
    assert not [name for name in bucket.names() if ".part" in name]


@pytest.mark.parametrize(
    ("data", "about", "code", "stays"),
    [
        (None, {}, "upload_incomplete", 0),
        (PHOTO[:-1], {}, "upload_incomplete", 1),
        (PHOTO + b"x", {}, "file_too_large", 0),
        (PHOTO, {"sha256": "0" * 64}, "sha256_differs", 0),
        (b"#!/bin/sh\n".ljust(len(PHOTO), b"#"), {}, "unsupported_kind", 0),
    ],
    ids=["nothing", "less", "more", "something else", "no media"],
)
def test_what_was_not_announced_is_refused(
    api: Desk, bucket: S3Bucket, data: bytes | None, about: dict[str, str], code: str, stays: int
) -> None:
    upload = begin(api, **about)
    if data is not None:
        put(upload["direct"]["address"], data)
    assert complete(api, upload).json()["code"] == code
    scan = api.client.post("/v1/scans", files={"upload": (None, upload["id"])})
    assert scan.status_code in {409, 422}
    assert len([name for name in bucket.names() if not name.endswith("lock")]) == stays


def test_bytes_that_have_to_be_sealed_come_through_the_api(api: Desk, bucket: S3Bucket) -> None:
    api.scans.retention.put(OwnRetention(zero=True))
    upload = begin(api)
    assert upload["direct"] is None
    piece = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    sent = api.client.patch(
        upload["address"], content=PHOTO, headers={**piece, "Upload-Offset": "0"}
    )
    assert sent.status_code == 204
    assert complete(api, upload).json()["state"] == "complete"
    for item in bucket.names():
        assert (
            PHOTO[:64] not in bucket.client.get_object(Bucket=bucket.name, Key=item)["Body"].read()
        )


def test_no_address_is_given_for_what_one_request_cannot_hold(api: Desk) -> None:
    assert begin(api, size=None)["direct"] is None


def test_a_folder_has_no_addresses(tmp_path: Path) -> None:
    api = desk(tmp_path, engine())
    upload = begin(api)
    assert upload["direct"] is None
    assert complete(api, upload).json()["code"] == "upload_incomplete"


def test_what_nobody_completed_is_deleted_in_time(api: Desk, bucket: S3Bucket) -> None:
    upload = begin(api)
    put(upload["direct"]["address"], PHOTO)
    api.uploads.delete(upload["id"])
    assert bucket.names() == []


def test_what_is_put_there_once_a_scan_was_made_of_it_goes_with_the_next_sweep(
    api: Desk, bucket: S3Bucket
) -> None:
    upload = begin(api)
    put(upload["direct"]["address"], PHOTO)
    complete(api, upload)
    made = api.client.post("/v1/scans", files={"upload": (None, upload["id"])})
    api.work()
    kept = bucket.names()
    put(upload["direct"]["address"], bytes(len(PHOTO)))
    assert len(bucket.names()) == len(kept) + 1
    assert list(api.uploads.store.older_than(datetime.now(UTC) - timedelta(hours=1))) == []
    assert bucket.names() == kept
    assert api.client.get(made.headers["location"]).json()["state"] == "done"
