"""A local file that changes while it is looked at gets no report about bytes that were not there."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from detectors.base import Kind
from service.analysis.pipeline import Analysis
from service.analysis.progress import Listener, ignore
from service.analysis.source import Source
from service.cli import check
from service.cli.audit.parallel import ParallelAnalysis
from service.cli.audit.results_file import ResultsFile
from service.cli.audit.selection import Selection
from service.cli.audit.walk import walk
from service.cli.exit_codes import ExitCode
from service.cli.inputs import Beside
from service.errors import FileChanged
from service.reporting.report import Profile
from service.scans.intake import source_from_path
from service.scans.unchanged import held_to
from tests.media import jpeg, photo_like
from tests.service import reports

PHOTO = jpeg(photo_like(64, 48))
OTHER = PHOTO[:-3] + b"x" + PHOTO[-2:]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that was written an hour ago."""
    made = tmp_path / "a.jpg"
    made.write_bytes(PHOTO)
    os.utime(made, (time.time() - 3600,) * 2)
    return made


def _after(path: Path, change: Callable[[], object]) -> None:
    source = source_from_path(path)
    with source.file, held_to(source):
        change()


@pytest.mark.parametrize("content", [PHOTO + b"more", PHOTO[:100], OTHER])
def test_another_content_is_noticed(path: Path, content: bytes) -> None:
    with pytest.raises(FileChanged):
        _after(path, lambda: path.write_bytes(content))


def test_a_write_is_noticed_whose_time_was_set_back(path: Path) -> None:
    before = path.stat()

    def forge() -> None:
        path.write_bytes(OTHER)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(FileChanged):
        _after(path, forge)


def test_times_that_move_over_the_same_content_are_no_change(path: Path) -> None:
    _after(path, path.touch)
    _after(path, lambda: path.chmod(0o600))


def test_a_file_put_in_its_place_is_no_change_to_the_one_that_was_opened(
    path: Path, tmp_path: Path
) -> None:
    (tmp_path / "new").write_bytes(OTHER)
    _after(path, lambda: (tmp_path / "new").replace(path))


def test_a_change_goes_before_what_a_decoder_said_about_it(path: Path) -> None:
    def fail() -> None:
        path.write_bytes(PHOTO[:100])
        raise ValueError

    with pytest.raises(FileChanged):
        _after(path, fail)


@dataclass
class Overtaken:
    """An engine while whose work somebody else writes to one file."""

    victim: Path

    def analyse(self, source: Source, *, profile: Profile, progress: Listener = ignore) -> Analysis:
        if source.name == self.victim.name:
            self.victim.write_bytes(OTHER)
        report = reports.no_sign_found()
        subject = report.subject.model_copy(update={"name": source.name, "sha256": source.sha256})
        return Analysis(report.model_copy(update={"subject": subject}), None)

    def close(self) -> None:
        """Nothing was opened."""


def test_check_names_the_change(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def overtaken(_settings: object) -> Iterator[Overtaken]:
        yield Overtaken(path)

    monkeypatch.setattr(check, "open_pipeline", overtaken)
    code = check.run((str(path),), profile=Profile.FULL, as_json=True, html=None, beside=Beside())
    said = capsys.readouterr()
    assert code not in (ExitCode.NOTHING_FOUND, ExitCode.FOUND)
    assert "[file_changed]" in said.err
    assert said.out == ""


def test_an_audit_names_the_change_and_looks_at_the_copy_itself(path: Path, tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(PHOTO)
    with ResultsFile(tmp_path / "out.jsonl", "full") as results:
        analysis = ParallelAnalysis(
            Overtaken(path),  # type: ignore[arg-type]
            results,
            archive=Selection((tmp_path,)),
            profile=Profile.FULL,
            limits=dict.fromkeys(Kind, 10**6),
            jobs=1,
        )
        with analysis:
            entries = (it for it in walk(tmp_path) if it.path.endswith(".jpg"))
            changed, copy = analysis.work(entries)
    assert (changed.error, changed.sha256, changed.body) == ("file_changed", None, None)
    assert (copy.error, copy.verdict, copy.duplicate_of) == (None, "no_sign_found", None)
