"""Scans fill the index of known media if the operator says so, and leave it when they are deleted."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.base import Image
from provenance.similarity.store import FILE
from service.analysis.media_index import MediaIndex, described
from service.analysis.pipeline import Analysis
from service.analysis.progress import Listener
from service.analysis.source import DEFAULT_TENANT, Source
from service.db.engine import Database
from service.reporting.report import Profile
from service.scans.index_entries import IndexEntries
from service.scans.queue import Broker
from service.scans.use_cases import Scans
from tests.media import photo_like
from tests.service import reports
from tests.service.office import POLICY, Office, office


@dataclass(slots=True)
class Describing:
    """An engine that has seen a picture."""

    prepared: object

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis:
        return Analysis(reports.no_sign_found(), None, self.prepared)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def keeping(desk: Office, folder: Path, *, adds: bool = True) -> Scans:
    prepared = described(Image(pixels=photo_like(320, 240), container="jpeg"))
    return desk.beside(pipeline=Describing(prepared), known=IndexEntries(folder, adds=adds))


def names(folder: Path) -> list[str]:
    store = MediaIndex(folder).index.store
    return [item.name for item in store.entries(tenant=DEFAULT_TENANT)] if store.exists else []


def ran(desk: Office, scans: Scans) -> str:
    scan = desk.accept()
    scans.run(scan.id, worker="w")
    return scan.id


def test_a_finished_scan_is_in_the_index_until_it_is_deleted(desk: Office, folder: Path) -> None:
    scans = keeping(desk, folder)
    first, second = ran(desk, scans), ran(desk, scans)
    assert names(folder) == [reports.no_sign_found().subject.name]
    scans.delete(first)
    assert len(names(folder)) == 1
    scans.delete(second)
    assert names(folder) == []


def test_nothing_is_added_unless_the_operator_says_so(desk: Office, folder: Path) -> None:
    scans = keeping(desk, folder, adds=False)
    scans.delete(ran(desk, scans))
    assert not folder.exists()


def test_what_expired_leaves_the_index_with_the_next_sweep(desk: Office, folder: Path) -> None:
    scans = keeping(desk, folder)
    ran(desk, scans)
    desk.clock.move(days=(POLICY.keep or timedelta()).days, seconds=1)
    scans.reconcile()
    assert names(folder) == []


def test_what_the_operator_added_stays_when_a_scan_of_it_goes(desk: Office, folder: Path) -> None:
    scans = keeping(desk, folder)
    report = reports.no_sign_found()
    prepared = described(Image(pixels=photo_like(320, 240), container="jpeg"))
    MediaIndex(folder).add(prepared, report.subject, None, tenant=DEFAULT_TENANT)
    scans.delete(ran(desk, scans))
    scans.reconcile()
    assert len(names(folder)) == 1


def test_a_damaged_index_fails_no_scan_and_no_deletion(desk: Office, folder: Path) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(b"no database" * 500)
    scans = keeping(desk, folder)
    scan = ran(desk, scans)
    assert scans.report(scan) == reports.no_sign_found()
    scans.delete(scan)
    scans.reconcile()


def test_forgetting_loads_no_numbers() -> None:
    code = "import sys, service.scans.index_entries, service.scans; print('numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
