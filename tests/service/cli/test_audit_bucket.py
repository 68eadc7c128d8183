"""`assay audit s3://…`: the same lines as for a folder, and none lost when the bucket goes away."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from detectors.base import Kind
from service.cli.audit import parallel
from service.cli.audit.bucket import BucketArchive
from service.cli.audit.parallel import ArchiveAway, ParallelAnalysis
from service.cli.audit.patterns import Patterns
from service.cli.audit.results_file import Line, ResultsFile
from service.cli.audit.walk import Entry
from service.cli.exit_codes import ExitCode
from service.errors import StorageUnavailable, UnsupportedKind
from service.reporting.report import Profile
from service.storage.bucket import Bucket
from tests import media
from tests.service.buckets import S3Bucket
from tests.service.command_line import assay
from tests.service.scans.test_unchanged import Overtaken

PROVENANCE = ("--only", "provenance")
PHOTO = media.jpeg(media.photo_like(160, 120))
CONTENTS = {
    "a.jpg": PHOTO,
    "b/copy.jpg": PHOTO,
    "b/empty.jpg": b"",
    "b/notes.txt": b"not media",
    "b/spaces & ü%20.jpg": PHOTO,
    "declared.jpg": media.declared_ai_jpeg(128, 128),
}


@pytest.fixture
def filled(bucket: S3Bucket) -> S3Bucket:
    for name, content in CONTENTS.items():
        bucket.client.put_object(Bucket=bucket.name, Key=f"assay/{name}", Body=content)
    return bucket


def lines_of(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in found:
        line.pop("seconds")
        if line["report"] is not None:
            line["report"] = line["report"]["subject"]
    return found


def archive_of(bucket: S3Bucket, patterns: Patterns | None = None) -> BucketArchive:
    return BucketArchive(Bucket(bucket.url), patterns or Patterns())


def test_a_bucket_gives_the_lines_of_a_folder_of_the_same_files(
    filled: S3Bucket, tmp_path: Path
) -> None:
    for name, content in CONTENTS.items():
        path = tmp_path / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for place, out in ((filled.url, "bucket.jsonl"), (tmp_path / "archive", "folder.jsonl")):
        ran = assay("audit", place, "--out", tmp_path / out, *PROVENANCE, data=tmp_path)
        assert ran.code == ExitCode.FOUND
    assert lines_of(tmp_path / "bucket.jsonl") == lines_of(tmp_path / "folder.jsonl")


def test_it_is_gone_on_with_where_it_was_cut_off(filled: S3Bucket, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assay("audit", filled.url, "--out", out, *PROVENANCE, data=tmp_path)
    whole = lines_of(out)
    out.write_bytes(b"".join(out.read_bytes().splitlines(keepends=True)[:2]) + b'{"path": "b/')
    assay("audit", filled.url, "--out", out, *PROVENANCE, data=tmp_path)
    assert lines_of(out) == whole


def test_patterns_are_about_names_and_folders(filled: S3Bucket) -> None:
    archive = archive_of(filled, Patterns(("*.jpg",), ("b",)))
    assert [entry.path for entry in archive.entries()] == ["a.jpg", "declared.jpg"]
    assert archive.excluded == 4


def test_the_mark_of_a_folder_is_not_a_file(bucket: S3Bucket) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="assay/folder/", Body=b"")
    assert [entry.skipped for entry in archive_of(bucket).entries()] == ["folder"]


def test_a_sidecar_comes_with_its_file(filled: S3Bucket) -> None:
    filled.client.put_object(Bucket=filled.name, Key="assay/a.c2pa", Body=b"a store")
    archive = archive_of(filled)
    first = next(iter(list(archive.entries())[1:]))
    source = archive.open(first, dict.fromkeys(Kind, 10**6))
    assert first.path == "a.jpg"
    assert source.sidecar is not None
    assert source.sidecar.store == b"a store"
    source.file.close()


def test_of_what_is_no_media_only_the_beginning_is_fetched(
    bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="assay/x.bin", Body=b"%!" * 4_000_000)
    archive, fetched = archive_of(bucket), list[int]()
    (entry,) = archive.entries()
    fetch = archive.bucket.fetch

    def counted(name: str, at: int, size: int) -> bytes:
        fetched.append(size)
        return fetch(name, at, size)

    monkeypatch.setattr(archive.bucket, "fetch", counted)
    with pytest.raises(UnsupportedKind):
        archive.open(entry, dict.fromkeys(Kind, 10**8))
    assert sum(fetched) < 4_000_000


def work(archive: BucketArchive, tmp_path: Path, *, broken: Path) -> list[Line]:
    with ResultsFile(tmp_path / "out.jsonl", "full") as results:
        analysis = ParallelAnalysis(
            Overtaken(broken),  # type: ignore[arg-type]
            results,
            archive=archive,
            profile=Profile.FULL,
            limits=dict.fromkeys(Kind, 10**6),
            jobs=1,
        )
        with analysis:
            return list(analysis.work(iter([Entry("a.jpg", size=len(PHOTO))])))


def test_a_bucket_that_goes_away_is_waited_for(
    filled: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "PAUSE_SECONDS", 0.1)
    archive = archive_of(filled)
    filled.server.stop()
    back = threading.Timer(2.0, filled.server.start)
    back.start()
    try:
        (line,) = work(archive, tmp_path, broken=tmp_path / "none")
    finally:
        back.join()
    assert (line.error, line.verdict) == (None, "no_sign_found")


def test_a_bucket_that_stays_away_ends_the_audit_and_fails_no_file(
    filled: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(parallel, "PAUSE_SECONDS", 0.0)
    archive = archive_of(filled)
    filled.server.stop()
    try:
        with pytest.raises(ArchiveAway):
            work(archive, tmp_path, broken=tmp_path / "none")
    finally:
        filled.server.start()
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_one_file_that_is_refused_is_a_line_of_its_own(
    filled: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archive_of(filled)

    def refused(_name: str, _at: int, _size: int) -> bytes:
        raise StorageUnavailable("kept in a vault")

    monkeypatch.setattr(archive.bucket, "fetch", refused)
    (line,) = work(archive, tmp_path, broken=tmp_path / "none")
    assert line.error == "storage_unavailable"


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (("s3://one", "s3://two"), "alone"),
        (("s3://",), "s3://"),
        (("/no/such/folder",), "does not exist"),
    ],
)
def test_places_that_make_no_sense_are_named(
    places: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    ran = assay("audit", *places, "--out", tmp_path / "o.jsonl", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert said in ran.err
