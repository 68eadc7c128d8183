"""Figures of the whole installation, on both databases."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.db.engine import Database
from service.reporting.report import Profile
from service.scans.queue import QUEUES
from service.watching.installation import Installation
from service.watching.server import figures_of
from tests.service.office import Office, office


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs")


def told(it: Office) -> dict[tuple[str, str], float]:
    """Every sample by its name and its one label."""
    look = figures_of(Installation(it.database, it.scans.ready, QUEUES))
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(look().body.decode())
        for sample in family.samples
    }


def test_an_empty_installation_tells_of_every_queue(opened: Office) -> None:
    figures = told(opened)
    for queue in QUEUES:
        assert figures["assay_queue_scans", queue] == 0
        assert figures["assay_queue_age_seconds", queue] == 0
        assert figures["assay_workers", queue] == 0


def test_a_queue_is_as_old_as_the_scan_that_waits_longest(opened: Office) -> None:
    opened.clock.move(seconds=-90)
    opened.accept()
    opened.clock.move(seconds=60)
    opened.accept()
    opened.accept(profile=Profile.PROVENANCE)
    opened.clock.move(seconds=30)
    figures = told(opened)
    assert figures["assay_queue_scans", "image"] == 2
    assert figures["assay_queue_scans", "provenance"] == 1
    assert 85 < figures["assay_queue_age_seconds", "image"] < 120
    assert 25 < figures["assay_queue_age_seconds", "provenance"] < 60


def test_what_runs_does_not_wait(opened: Office) -> None:
    scan = opened.accept()
    seen: list[float] = []

    def look(_progress: object) -> None:
        figures = told(opened)
        seen.append(figures["assay_queue_running", "image"])
        seen.append(figures["assay_queue_scans", "image"])

    opened.engine.during = look
    opened.scans.run(scan.id, worker="w")
    assert seen == [1, 0]
    assert told(opened)["assay_queue_running", "image"] == 0


def test_a_worker_counts_for_each_of_its_queues(opened: Office) -> None:
    opened.scans.beat("one", ("image", "audio"))
    opened.scans.beat("two", ("image",))
    figures = told(opened)
    assert figures["assay_workers", "image"] == 2
    assert figures["assay_workers", "audio"] == 1
    assert figures["assay_workers", "video"] == 0


def test_a_broker_that_is_away_is_told(opened: Office) -> None:
    opened.queue.broken = True
    figures = told(opened)
    assert figures["assay_part_up", "broker"] == 0
    assert figures["assay_part_up", "database"] == 1


def test_without_a_database_nothing_is_said_of_queues(tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path / 'nowhere' / 'assay.db'}")
    figures = told(office(away, tmp_path / "blobs"))
    away.close()
    assert figures["assay_part_up", "database"] == 0
    assert not any(name.startswith("assay_queue") for name, _ in figures)
