"""`assay calibrate`: an organisation's own genuine files fix thresholds, named in each report."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from detectors import registry
from detectors.base import Image
from detectors.registry import card_of, load, named, use_thresholds
from detectors.result import Alarm, Finding
from detectors.runner import Run
from detectors.zoo.card import OperatingPoints
from detectors.zoo.own import LEAST, OwnPoints, OwnThresholds, binding
from service.cli import calibrate
from service.cli.calibrate import Seen
from service.cli.colours import console
from service.cli.exit_codes import ExitCode
from service.language.languages import Language, speaking
from service.reporting.evidence import weigh
from service.reporting.pins import pin
from tests import media
from tests.service.command_line import assay

CLIP = named("image.clip")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    use_thresholds(None)


def _own(points: OperatingPoints, model: str | None = None) -> OwnThresholds:
    own = OwnPoints(model=model or binding(card_of(CLIP)), points=points)
    return OwnThresholds(name="archive", made_at=datetime.now(UTC), detectors={CLIP.name: own})


def _judged() -> Finding:
    return Run(Image(pixels=media.photograph(420, 300), container="png")).finding(CLIP)


LOW = OperatingPoints(fpr_5=-50.0, fpr_1=-40.0, bona_fide=LEAST)


def test_own_thresholds_decide_and_the_finding_says_what_the_cards_would_have_said() -> None:
    assert (_judged().alarm, _judged().thresholds, _judged().card_alarm) == (Alarm.NONE, "", None)
    use_thresholds(_own(LOW))
    found = _judged()
    assert (found.alarm, found.thresholds) == (Alarm.FPR_1, "archive")
    assert found.card_alarm is Alarm.NONE
    (evidence,) = weigh(None, (found,))
    assert "only 1 % of the genuine files of “archive” pass by chance" in evidence.statement


def test_what_own_thresholds_suspect_is_looked_at_as_closely_as_what_the_cards_do() -> None:
    picture = Image(pixels=media.photograph(420, 300), container="png")
    before, calm = load(CLIP).observe(picture), _judged()
    assert (calm.cells, before.redelivered) == ((), None)
    use_thresholds(_own(LOW))
    after = load(CLIP).observe(picture)
    assert len(_judged().cells) == len(after.patches) > 0
    assert after.redelivered is not None


def test_a_report_pins_the_thresholds_it_used() -> None:
    assert pin(None, (_judged(),), {}).thresholds == {}
    use_thresholds(_own(LOW))
    assert set(pin(None, (_judged(),), {}).thresholds) == {"archive"}


def test_thresholds_of_another_model_are_not_used() -> None:
    use_thresholds(_own(LOW, model="0" * 64))
    assert (_judged().alarm, _judged().thresholds) == (Alarm.NONE, "")


def test_a_new_genuine_file_passes_the_one_percent_point_in_one_of_a_hundred() -> None:
    chance = np.random.default_rng(5)
    passed = []
    for _ in range(400):
        own = Seen(standing=list(chance.gumbel(size=LEAST)))
        point = calibrate._points(CLIP.name, own).points.fpr_1
        assert point is not None
        passed.append((chance.gumbel(size=200) > point).mean())
    assert 0.007 < np.mean(passed) < 0.013


def test_a_folder_with_too_few_files_fixes_nothing_and_says_how_many_it_takes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "genuine"
    folder.mkdir()
    photo = media.jpeg(media.photograph(320, 240))
    (folder / "a.jpg").write_bytes(photo)
    (folder / "copy.jpg").write_bytes(photo)
    (folder / "declared.jpg").write_bytes(media.declared_ai_jpeg(256, 256))
    ran = assay("calibrate", folder, "--name", "archive", data=tmp_path / "data")
    assert ran.code == ExitCode.USAGE
    assert f"no detector judged {LEAST} of these files" in ran.err
    assert "declared.jpg: left out" in ran.err
    (row,) = [line for line in ran.out.splitlines() if "image.clip" in line]
    assert " 1 " in row  # the same content counts once
    assert not (tmp_path / "data" / "thresholds.json").exists()


def test_damaged_thresholds_end_a_command_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "thresholds.json").write_text('{"name": "archive"}')
    photo = tmp_path / "a.jpg"
    photo.write_bytes(media.jpeg(media.photo_like(64, 64)))
    ran = assay("check", photo, data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "holds no thresholds" in ran.err
    assert assay("calibrate", "--forget", data=tmp_path).code == 0
    assert assay("check", photo, "--only", "provenance", data=tmp_path).code != ExitCode.USAGE


def test_written_thresholds_read_back(tmp_path: Path) -> None:
    own = _own(LOW)
    own.write(tmp_path / "thresholds.json")
    assert OwnThresholds.read(tmp_path / "thresholds.json") == own
    assert OwnThresholds.read(tmp_path / "absent.json") is None
    assert registry.own_thresholds() is None


def test_the_table_writes_numbers_as_the_language_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    seen = Seen(standing=[number / 100 for number in range(1200)], suspected=61, accused=13)
    with speaking(Language.GERMAN):
        console().print(
            calibrate._table({CLIP.name: seen}, {CLIP.name: calibrate._points(CLIP.name, seen)})
        )
    said = capsys.readouterr().out
    assert "1.200" in said
    assert "5,1 % (3,9 % bis 6,5 %)" in said
    assert not re.search(r"\d\.\d\d?\b(?!\d)", said)
