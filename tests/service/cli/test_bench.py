"""`assay bench` as a program, on media made here."""

from pathlib import Path

import pytest

from detectors.base import Kind
from detectors.bench.report import BEGIN, END
from detectors.bench.verdicts import Verdicts
from service.cli.exit_codes import ExitCode
from tests import media
from tests.service.command_line import assay


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    (folder / "photo.jpg").write_bytes(media.jpeg(media.photo_like(320, 240)))
    (folder / "render.jpg").write_bytes(media.declared_ai_jpeg(256, 256))
    (folder / "m.csv").write_text("path,label\nphoto.jpg,real\nrender.jpg,ai_generated\n")
    return folder / "m.csv"


def test_verdicts_are_counted_by_kind_and_label_and_after_a_delivery(
    manifest: Path, tmp_path: Path
) -> None:
    asked = ("--verdict", "-l", "jpeg-70", "--out", tmp_path / "out")
    ran = assay("bench", manifest, *asked, data=tmp_path)
    assert ran.code == 0, ran.err
    found = Verdicts.read(tmp_path / "out" / "verdicts.json").kinds[Kind.IMAGE]
    assert found.verdicts["ai_generated"] == {"declared_ai": 1}
    assert sum(found.verdicts["real"].values()) == 1
    (delivery,) = found.deliveries.values()
    assert delivery.changed is not None
    assert (delivery.changed.of, delivery.changed.count) == (2, 1)  # the declaration is gone
    assert "declared_ai" in ran.out
    assert "jpeg-70" in ran.out
    again = ("--answers", tmp_path / "out" / "answers.csv", "--data", manifest.parent.name)
    drawn = ("--figure", tmp_path / "bars.svg", "--out", tmp_path / "again")
    assert assay("bench", *again, *drawn, data=tmp_path).code == 0
    kept = Verdicts.read(tmp_path / "again" / "verdicts.json")
    assert kept == Verdicts.read(tmp_path / "out" / "verdicts.json")
    assert "genuine, jpeg-70 (1)" in (tmp_path / "bars.svg").read_text()


def test_the_readme_gets_its_table_and_keeps_the_rest(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    assert assay("bench", "--readme", readme, data=tmp_path).code == 0
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| detector |")
    assert text.endswith(f"{END}\nafter\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give a manifest"),
        (("MANIFEST", "--scores", "x.csv"), "give a manifest"),
        (("MANIFEST", "--answers", "x.csv"), "give a manifest"),
        (("MANIFEST", "-d", "image.nothing"), "there is no image.nothing"),
        (("MANIFEST", "-l", "jpeg-99"), "there is no jpeg-99"),
        (("--scores", "MANIFEST"), "scores are of one --detector"),
        (("BROKEN",), "line 2: unknown label 'odd'"),
    ],
)
def test_what_makes_no_sense_ends_as_a_usage_error(
    manifest: Path, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("path,label\nx.jpg,odd\n")
    known = {"MANIFEST": manifest, "BROKEN": broken}
    ran = assay("bench", *(known.get(word, word) for word in arguments), data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert complaint in ran.err
