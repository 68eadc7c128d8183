"""A file that kills the audit is found by itself, passed over in the end, and costs no other file."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from service.cli.audit.suspects import ATTEMPTS, LONGEST, Suspects
from tests import media
from tests.e2e.servers import ROOT

AUDIT = """
import os, signal, sys
from pathlib import Path
from detectors.base import Kind
from service.analysis.pipeline import Analysis
from service.cli.audit.opening import open_archive
from service.cli.audit.parallel import ParallelAnalysis
from service.cli.audit.results_file import ResultsFile
from service.reporting.report import Profile
from tests.service import reports

class Engine:
    def analyse(self, source, *, profile):
        print(source.name, flush=True)
        if source.name == "3.jpg":
            os.kill(os.getpid(), signal.SIGKILL)
        made = reports.no_sign_found()
        subject = made.subject.model_copy(update={"sha256": source.sha256})
        return Analysis(made.model_copy(update={"subject": subject}), None)
    def close(self): ...

folder, out = map(Path, sys.argv[1:])
archive = open_archive((str(folder),), listed=None, include=(), exclude=(), own=())
limits = dict.fromkeys(Kind, 10**6)
with ResultsFile(out, "full") as results:
    with ParallelAnalysis(Engine(), results, archive=archive, profile=Profile.FULL, limits=limits, jobs=4) as analysis:
        left = (entry for entry in archive.entries() if entry.path not in results.done)
        for line in analysis.work(left):
            pass
"""


def audit(folder: Path, out: Path) -> tuple[int, list[str]]:
    """Its exit status, and the files that it began to analyse."""
    command = [sys.executable, "-c", AUDIT, str(folder), str(out)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout.split()


def deaths(out: Path, path: str) -> int:
    with closing(Suspects(out)) as suspects:
        return suspects.deaths(path)


def lines(out: Path) -> dict[str, dict[str, Any]]:
    return {line["path"]: line for line in map(json.loads, out.read_text().splitlines())}


def test_a_file_that_kills_every_audit_is_passed_over_and_all_others_have_reports(
    tmp_path: Path,
) -> None:
    folder, out = tmp_path / "archive", tmp_path / "audit.jsonl"
    folder.mkdir()
    for number in range(12):
        picture = media.jpeg(media.photo_like(64, 48 + number))
        (folder / f"{number}.jpg").write_bytes(picture)
    for attempt in range(ATTEMPTS):
        status, seen = audit(folder, out)
        assert status == -signal.SIGKILL
        if attempt:
            assert seen[-1] == "3.jpg"  # alone: nothing was begun beside it
            assert deaths(out, "3.jpg") == attempt + 1
    status, seen = audit(folder, out)
    assert status == 0
    assert "3.jpg" not in seen
    found = lines(out)
    assert len(found) == 12
    assert {path for path, line in found.items() if line["error"]} == {"3.jpg"}
    assert found["3.jpg"]["error"] == "quarantined"
    assert list(tmp_path.glob("*.running*")) == []


def test_an_audit_that_was_stopped_blames_no_file(tmp_path: Path) -> None:
    first = Suspects(tmp_path / "audit.jsonl")
    first.begin(["a.jpg"])
    first.close()
    assert deaths(tmp_path / "audit.jsonl", "a.jpg") == 0


def test_what_is_noted_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    suspects = Suspects(tmp_path / "audit.jsonl")
    for number in range(2 * LONGEST):
        suspects.begin([f"{number}.jpg"])
        suspects.end([f"{number}.jpg"])
    suspects.begin(["last.jpg"])
    noted = (tmp_path / "audit.jsonl.running").read_text().count("\n")
    assert noted <= LONGEST + 1
    suspects._file.close()  # as the end of its process does
    assert deaths(tmp_path / "audit.jsonl", "last.jpg") == 1
