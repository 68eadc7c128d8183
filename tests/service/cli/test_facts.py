"""`assay detectors` and `assay doctor`: what is installed and what is in force."""

import json
from pathlib import Path

import pytest
import torch
from alembic import command
from alembic.config import Config

from detectors.registry import SPECS, card_of
from detectors.zoo import device
from detectors.zoo.device import Device
from service.cli import doctor
from service.cli.engine import open_pipeline
from service.cli.exit_codes import ExitCode
from service.db.engine import Database
from service.db.migrate import MIGRATIONS
from service.settings import Settings
from tests.service.command_line import assay


def test_every_detector_is_listed_with_its_card(tmp_path: Path) -> None:
    listed = assay("detectors", data=tmp_path).out
    cards = [
        json.loads(line)
        for line in assay("detectors", "--json", data=tmp_path).out.split("\n")
        if line
    ]
    assert [card["name"] for card in cards] == [card_of(spec).name for spec in SPECS]
    for spec in SPECS:
        assert spec.name in listed


def test_an_unknown_detector_is_a_usage_error_that_names_the_known_ones(tmp_path: Path) -> None:
    ran = assay("detectors", "crystal-ball", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert all(spec.name in ran.err for spec in SPECS)


def test_the_doctor_looks_at_sandbox_models_lists_and_services(tmp_path: Path) -> None:
    ran = assay("doctor", data=tmp_path)
    for thing in (
        "sandbox: no network",
        "trust: c2pa-trust-list (manifest)",
        "database",
        "storage",
        "broker",
        "arithmetic",
    ):
        assert thing in ran.out
    for spec in SPECS:
        assert spec.name in ran.out
    healthy = "!!" not in ran.out
    assert ran.code == (ExitCode.NOTHING_FOUND if healthy else ExitCode.FOUND)


def test_the_doctor_finds_a_damaged_trust_list(tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "manifest--bad.json").write_text("{}")
    ran = assay("doctor", data=tmp_path)
    assert ran.code == ExitCode.FOUND
    assert next(line for line in ran.out.splitlines() if "trust store" in line).startswith(" !!")


def _state(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_size)
        for path in (folder, *folder.rglob("*"))
    }


@pytest.mark.parametrize(("revision", "said"), [("head", ""), ("0001", "older version")])
def test_the_doctor_only_looks_at_a_database(tmp_path: Path, revision: str, said: str) -> None:
    database = Database(f"sqlite:///{tmp_path / 'assay.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    database.close()
    before = _state(tmp_path)
    ran = assay("doctor", data=tmp_path)
    assert _state(tmp_path) == before
    line = next(line for line in ran.out.splitlines() if " database " in line)
    assert line.startswith(" ok")
    assert said in line


def test_a_data_folder_that_cannot_be_made_is_not_fine() -> None:
    ran = assay("doctor", data=Path("/proc/nope"))
    assert ran.code == ExitCode.FOUND
    assert next(line for line in ran.out.splitlines() if " storage " in line).startswith(" !!")


def test_a_device_that_is_not_there_ends_the_command_and_is_told_by_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(device, "_chosen", [Device.CPU])
    settings = Settings(data_dir=tmp_path, device=Device.MPS)
    with pytest.raises(SystemExit) as ended:
        open_pipeline(settings)
    assert ended.value.code == ExitCode.USAGE
    (told,) = doctor.arithmetic(settings)
    assert not told.fine
    assert "mps" in told.detail
