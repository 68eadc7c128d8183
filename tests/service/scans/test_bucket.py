"""Scans whose files lie in a bucket: from upload to deletion, and while the bucket is away."""

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.db.lifecycle import State
from service.errors import StorageUnavailable
from service.scans.intake import receive_all
from service.scans.resumable import Uploads
from service.storage.opening import open_store
from tests.service.buckets import S3Bucket
from tests.service.databases import sqlite
from tests.service.office import LIMITS, PICTURE, Office, office

HALF = len(PICTURE) // 2


@pytest.fixture
def desk(bucket: S3Bucket, tmp_path: Path) -> Iterator[Office]:
    database = sqlite(tmp_path / "assay.db")
    yield office(database, tmp_path / "unused", store=open_store(bucket.url))
    database.close()


@pytest.fixture
def uploads(desk: Office) -> Uploads:
    return Uploads(
        database=desk.database,
        store=desk.store,
        limits=LIMITS,
        patience=timedelta(days=1),
        now=desk.clock,
    )


def test_a_scan_lives_in_the_bucket_and_leaves_nothing_there(
    desk: Office, bucket: S3Bucket
) -> None:
    scan = desk.done()
    assert scan.state is State.DONE
    assert desk.scans.preview(scan.id) == b"a picture"
    assert len(bucket.names()) == 2
    assert not (desk.folder.exists() and desk.blobs())
    desk.scans.delete(scan.id)
    assert bucket.names() == []


def test_a_bucket_that_is_away_costs_time_and_no_scan(desk: Office, bucket: S3Bucket) -> None:
    accepted = [desk.accept().id for _ in range(3)]
    gone = desk.accept()
    desk.queue.sent.clear()
    bucket.server.stop()
    try:
        for scan in accepted:
            desk.scans.run(scan, worker="w")
        with pytest.raises(StorageUnavailable):
            receive_all(io.BytesIO(PICTURE), desk.scans.receive("new.jpg"))
        with pytest.raises(StorageUnavailable):
            desk.scans.delete(gone.id)
        desk.clock.move(seconds=60)
        desk.scans.reconcile()
        assert not desk.scans.ready().storage
        assert {desk.scans.get(scan).state for scan in accepted} == {State.QUEUED}
    finally:
        bucket.server.start()
    desk.clock.move(seconds=20)
    desk.scans.reconcile()
    for scan, _queue in list(desk.queue.sent):
        desk.scans.run(scan, worker="w")
    assert {desk.scans.get(scan).state for scan in accepted} == {State.DONE}
    assert desk.scans.ready().storage
    assert len(desk.engine.seen) == len(accepted)
    desk.scans.receipt(gone.id)
    for scan in accepted:
        desk.scans.delete(scan)
    assert bucket.names() == []


def test_a_report_that_finds_no_place_is_made_again(desk: Office, bucket: S3Bucket) -> None:
    scan = desk.accept()
    desk.engine.during = lambda progress: bucket.server.stop()
    desk.scans.run(scan.id, worker="w")
    bucket.server.start()
    assert desk.scans.get(scan.id).state is State.QUEUED
    desk.engine.during = lambda progress: None
    desk.clock.move(seconds=20)
    desk.scans.reconcile()
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE
    assert len(bucket.names()) == 2


def test_an_upload_in_pieces_becomes_a_scan(
    desk: Office, uploads: Uploads, bucket: S3Bucket
) -> None:
    digest = hashlib.sha256(PICTURE).hexdigest()
    upload = uploads.begin("photo.jpg", size=len(PICTURE), sha256=digest).id
    for at, data in ((0, PICTURE[:HALF]), (HALF, PICTURE[HALF:])):
        with uploads.append(upload, at=at) as appending:
            appending.write(data)
            appending.finish()
    scan = uploads.scan(upload, desk.scans)
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE
    assert len(bucket.names()) == 2


def test_the_sweep_takes_what_belongs_to_nothing(
    desk: Office, uploads: Uploads, bucket: S3Bucket
) -> None:
    kept = desk.accept()
    bucket.client.put_object(
        Bucket=bucket.name, Key=f"assay/default/ab/{'ab' * 16}", Body=b"orphan"
    )
    bucket.client.put_object(
        Bucket=bucket.name, Key=f"assay/default/cd/{'cd' * 16}.part/{0:020}", Body=b"orphan"
    )
    desk.clock.move(hours=5)
    assert desk.scans.reconcile().swept == 2
    assert len(bucket.names()) == 1
    assert desk.scans.get(kept.id).state is State.QUEUED
