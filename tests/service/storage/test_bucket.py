"""What is peculiar to buckets: refusals, encryption, memory, processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.errors import StorageUnavailable, UploadBusy
from service.storage import growing
from service.storage.opening import open_store
from service.storage.protocol import BlobStore, new_key, put, read
from tests.service.buckets import S3Bucket

MIB = 1024**2


@pytest.fixture
def store(bucket: S3Bucket) -> BlobStore:
    return open_store(bucket.url)


@contextmanager
def away(bucket: S3Bucket) -> Iterator[None]:
    """The server is gone for a while and comes back with all it had."""
    bucket.server.stop()
    try:
        yield
    finally:
        bucket.server.start()


def test_a_server_that_is_away_is_an_error_with_a_code_and_then_forgotten(
    store: BlobStore, bucket: S3Bucket
) -> None:
    key = put(store, "default", b"kept")
    with away(bucket):
        for act in (
            lambda: put(store, "default", b"new"),
            lambda: read(store, key),
            lambda: store.open(key),
            lambda: store.delete(key),
            lambda: store.appender(new_key("default")),
            lambda: list(store.older_than(datetime.now(UTC))),
        ):
            with pytest.raises(StorageUnavailable):
                act()
        assert not store.usable()
        assert not store.roomy()
    assert store.roomy()
    assert store.usable()
    assert read(store, key) == b"kept"


def test_a_bucket_that_does_not_exist_is_not_taken_for_a_lost_file(bucket: S3Bucket) -> None:
    store = open_store(f"s3://{bucket.name}-other/assay")
    for asked in (store.open, store.reader):
        with pytest.raises(StorageUnavailable, match="no such bucket"):
            asked(new_key("default"))
    assert not store.usable()


def test_an_address_without_a_bucket_makes_no_sense() -> None:
    with pytest.raises(StorageUnavailable):
        open_store("s3://")


class Deaf:
    """Parts whose join succeeds, though its answer is lost and asking again finds no upload."""

    def __init__(self, parts: Any) -> None:
        self.parts = parts

    def write(self, data: bytes) -> int:
        written: int = self.parts.write(data)
        return written

    def close(self) -> None:
        self.parts.close()
        raise FileNotFoundError("NoSuchUpload")


def test_a_file_that_is_whole_is_taken_though_the_answer_was_lost(bucket: S3Bucket) -> None:
    store = open_store(bucket.url)
    writer: Any = store.writer("default")
    writer._file = Deaf(writer._file)
    writer.write(bytes(20 * MIB))
    assert read(store, writer.commit()) == bytes(20 * MIB)


def test_a_file_that_is_not_whole_is_refused(bucket: S3Bucket) -> None:
    writer: Any = open_store(bucket.url).writer("default")
    writer.write(b"half")
    writer._written += 1
    writer._file = Deaf(writer._file)
    with pytest.raises(StorageUnavailable, match="whole"):
        writer.commit()


def test_encryption_is_asked_for_as_the_environment_says(
    bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SERVER_SIDE_ENCRYPTION", "aws:kms")
    monkeypatch.setenv("AWS_SSE_KMS_KEY_ID", "a-key")
    store = open_store(bucket.url)
    for data in (b"short", bytes(20 * MIB)):
        put(store, "default", data)
    for name in bucket.names():
        found = bucket.client.head_object(Bucket=bucket.name, Key=name)
        assert found["ServerSideEncryption"] == "aws:kms"
        assert found["SSEKMSKeyId"].endswith("a-key")


def test_what_lies_beside_the_prefix_is_left_alone(store: BlobStore, bucket: S3Bucket) -> None:
    key = put(store, "default", b"ours")
    bucket.client.put_object(Bucket=bucket.name, Key="other/file", Body=b"theirs")
    bucket.client.put_object(Bucket=bucket.name, Key="assay/notes.txt", Body=b"theirs")
    assert list(store.older_than(datetime.now(UTC) + timedelta(days=1))) == [key]


def test_a_probe_of_a_killed_process_is_swept(store: BlobStore, bucket: S3Bucket) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="assay/incoming/probe", Body=b"x")
    assert list(store.older_than(datetime.now(UTC) + timedelta(days=1))) == []
    assert bucket.names() == []


def test_the_lock_of_a_killed_process_runs_out(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key("default")
    dead = store.appender(key)
    dead.begin(0)
    dead.write(b"0123")
    dead.sync()
    monkeypatch.setattr(growing, "LOCK_TIME", timedelta(0))
    with closing(store.appender(key)) as heir:
        heir.begin(4)
        heir.write(b"4567")
        heir.sync()
        dead.write(b"----")
        with pytest.raises(UploadBusy):
            dead.sync()
        dead.close()
        heir.sync()
    store.seal(key)
    assert read(store, key) == b"01234567"


def test_a_piece_that_was_stored_and_never_told_of_is_void(store: BlobStore) -> None:
    key = new_key("default")
    with closing(store.appender(key)) as appender:
        appender.begin(0)
        appender.write(b"lost")
        appender.sync()
    with closing(store.appender(key)) as appender:
        appender.begin(0)
        appender.write(b"sent again")
        appender.sync()
    store.seal(key)
    assert read(store, key) == b"sent again"


FORKING = """
import os, sys
from service.storage.opening import open_store
from service.storage.protocol import put

store = open_store(sys.argv[1])
child = os.fork()
put(store, "default", b"x")
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_may_be_forked_from_one_that_has_only_opened_the_store(bucket: S3Bucket) -> None:
    subprocess.run([sys.executable, "-c", FORKING, bucket.url], check=True, timeout=60)
    assert len(bucket.names()) == 2


MEASURED = """
import resource, sys
from contextlib import closing
from service.storage.opening import open_store
from service.storage.protocol import new_key

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

store, size, chunk = open_store(sys.argv[1]), int(sys.argv[2]), bytes(1024**2)
writer = store.writer("default")
writer.write(chunk)
writer.abort()
before = peak()
writer = store.writer("default")
for _ in range(size):
    writer.write(chunk)
with store.open(writer.commit()) as file:
    while file.read(1024**2):
        pass
key = new_key("default")
with closing(store.appender(key)) as appender:
    appender.begin(0)
    for _ in range(size):
        appender.write(chunk)
    appender.sync()
store.seal(key)
print(peak() - before)
"""


def test_a_long_file_takes_no_more_memory_than_a_few_of_its_parts(
    bucket: S3Bucket, tmp_path: Path
) -> None:
    grown = [
        int(
            subprocess.run(
                [sys.executable, "-c", MEASURED, bucket.url, str(size)],
                env={**os.environ, "TMPDIR": str(tmp_path)},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for size in (48, 112)
    ]
    assert grown[1] < grown[0] + 32
    assert grown[1] < 128
