"""Once a day one worker of the fleet tests itself and looks for drift, and the figures tell."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config
from service.db.check_tables import CheckRow
from service.db.checks import Checked, CheckRows
from service.db.engine import Database
from service.settings import Settings
from service.watching.installation import Installation
from tests.service.databases import sqlite
from tests.service.office import office
from workers.daily import Daily


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(sqlite(tmp_path / "assay.db")) as made:
        yield made


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(pipeline_config(Settings(data_dir=tmp_path)))) as made:
        yield made


def checks(database: Database) -> dict[str, Checked]:
    return {check.name: check for check in CheckRows(database).all()}


def yesterday(database: Database) -> None:
    """The checks that were made today were made the day before."""
    with database.write() as session:
        session.execute(update(CheckRow).values(begun_at=database.now() - timedelta(days=1)))


def test_a_check_is_made_once_a_day_by_one_worker_of_the_fleet(
    database: Database, pipeline: Pipeline, tmp_path: Path
) -> None:
    first, second = (Daily(database, pipeline, ("provenance",), settling=0.0) for _ in range(2))
    Daily(database, pipeline, ("provenance",)).round()
    assert checks(database) == {}  # it has only just begun
    first.round()
    made = checks(database)
    assert set(made) == {"drift", "self_test_provenance"}
    assert all(check.fine for check in made.values())
    second.round()
    assert checks(database) == made
    yesterday(database)
    second.round()
    assert checks(database)["drift"].ended_at > made["drift"].ended_at
    desk = office(database, tmp_path / "blobs")
    told = {
        (sample.name, sample.labels.get("check")): sample.value
        for family in Installation(database, desk.scans.ready, ()).collect()
        for sample in family.samples
    }
    assert told["assay_check_fine", "self_test_provenance"] == 1
    assert told["assay_check_age_seconds", "drift"] < 60


def test_a_worker_whose_media_do_not_come_out_as_they_must_is_told_of(
    database: Database, pipeline: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "trust").mkdir(exist_ok=True)
    (tmp_path / "trust" / "manifest--own.json").write_text("{}")  # no list
    Daily(database, pipeline, ("provenance",), settling=0.0).round()
    assert not checks(database)["self_test_provenance"].fine
