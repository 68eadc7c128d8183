"""`assay audit DIR --server URL`: the service's reports in the lines of an audit."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from detectors.errors import DetectorError
from service.access.door import Door
from service.access.principal import Scope
from service.analysis.source import DEFAULT_TENANT
from service.cli.audit import command
from service.cli.audit.command import Asked
from service.cli.audit.results_file import Line, ResultsFile
from service.cli.audit.selection import Selection
from service.cli.exit_codes import ExitCode
from service.reporting.report import Profile
from service.scans.places import Places
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(160, 120))


@pytest.fixture
def engine() -> StandIn:
    return StandIn(reports.likely_synthetic)


@pytest.fixture
def api(tmp_path: Path, engine: StandIn) -> Desk:
    return desk(tmp_path / "server", engine, door=Door.LOCKED)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in ("a.jpg", "copy.jpg"):
        (folder / name).write_bytes(PHOTO)
    (folder / "notes.txt").write_bytes(b"not media")
    return folder


@contextmanager
def working(api: Desk) -> Iterator[str]:
    """The service with a worker, at this address."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            api.work()
            time.sleep(0.02)

    worker = threading.Thread(target=work)
    with serving(api.app) as address:
        worker.start()
        try:
            yield address
        finally:
            over.set()
            worker.join()


def key_of(api: Desk, *scopes: Scope) -> str:
    return api.bearer(*scopes)["Authorization"].removeprefix("Bearer ")


def audited(archive: Path, address: str, key: str | None, *, in_place: bool = False) -> ExitCode:
    return command.run(
        Asked(
            archive=Selection((archive,)),
            out=archive.with_name("out.jsonl"),
            table=None,
            profile=Profile.FULL,
            jobs=2,
            server=address,
            key=key,
            in_place=in_place,
        )
    )


def lines_of(archive: Path) -> list[Line]:
    with ResultsFile(archive.with_name("out.jsonl"), "full") as results:
        return list(results.lines())


def test_files_are_uploaded_once_for_each_content_and_get_the_services_reports(
    api: Desk, archive: Path
) -> None:
    (archive.parent / "key").write_text(key_of(api, Scope.SCANS_WRITE, Scope.SCANS_READ) + "\n")
    with working(api) as address:
        assert audited(archive, address, f"@{archive.parent / 'key'}") is ExitCode.FOUND
    first, copy, notes = lines_of(archive)
    assert (first.path, first.verdict, first.error) == ("a.jpg", "likely_synthetic", None)
    assert (copy.verdict, copy.duplicate_of) == ("likely_synthetic", "a.jpg")
    assert notes.skipped == "not_media"
    assert len(api.scans.of(DEFAULT_TENANT).list().items) == 1


def test_a_scan_that_fails_there_is_a_line_that_says_why(
    api: Desk, archive: Path, engine: StandIn
) -> None:
    engine.error = DetectorError("it is broken")
    with working(api) as address:
        code = audited(archive, address, key_of(api, Scope.SCANS_WRITE, Scope.SCANS_READ))
    assert code is ExitCode.NOT_ANALYSED
    assert lines_of(archive)[0].error == "scan_failed"
    assert "it is broken" in (lines_of(archive)[0].message or "")


@pytest.mark.parametrize("key", [None, "asy_wrong"])
def test_a_key_that_lets_nobody_in_ends_the_audit_before_it_fails_files(
    api: Desk, archive: Path, key: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with working(api) as address:
        assert audited(archive, address, key) is ExitCode.USAGE
    assert "[server_away]" in capsys.readouterr().err
    assert lines_of(archive) == []


def test_a_key_is_not_sent_in_the_clear(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(archive, "http://assay.example.org", "asy_secret") is ExitCode.USAGE
    said = capsys.readouterr().err
    assert "https" in said
    assert "asy_secret" not in said


def test_an_audit_in_place_sends_paths_and_the_server_reads_the_files(
    api: Desk, archive: Path
) -> None:
    with working(api) as address:
        key = key_of(api, Scope.SCANS_WRITE, Scope.SCANS_READ)
        audited(archive, address, key, in_place=True)
        assert {line.error for line in lines_of(archive)} == {"server_refused", None}
        archive.with_name("out.jsonl").unlink()
        api.app.state.places = Places({DEFAULT_TENANT: (archive,)})
        audited(archive, address, key, in_place=True)
    found = {line.path: line for line in lines_of(archive)}
    assert found["a.jpg"].verdict == "likely_synthetic"
    assert found["copy.jpg"].duplicate_of == "a.jpg"
