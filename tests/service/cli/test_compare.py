"""`assay compare` on files and reports made here, in the words and codes that scripts rely on."""

import json
from pathlib import Path

from service.rendering.render import render_report
from tests import media
from tests.service import reports
from tests.service.command_line import assay

PIXELS = media.photograph(480, 320)


def test_two_files_differ_in_metadata_and_visibly_and_the_code_says_so(tmp_path: Path) -> None:
    changed = PIXELS.copy()
    changed[220:290, 320:420] = 30
    first, second, picture = (tmp_path / name for name in ("a.jpg", "b.jpg", "where.jpg"))
    first.write_bytes(media.jpeg(PIXELS, metadata=media.Metadata(make="Example", model="One")))
    second.write_bytes(media.jpeg(changed))
    options = ("--only", "provenance", "--json", "--picture", picture)
    ran = assay("compare", first, second, *options, data=tmp_path)
    assert ran.code == 1, ran.err
    found = json.loads(ran.out)
    assert found["differs"]
    lines = {line["what"]: line for line in found["lines"]}
    assert lines["Device by EXIF"]["first"] == "Example One"
    assert lines["Device by EXIF"]["differs"]
    assert not lines["Kind"]["differs"]
    assert "most in the lower right" in " ".join(found["pixels"]["sentences"])
    assert picture.read_bytes()[:3] == b"\xff\xd8\xff"


def test_reports_are_compared_without_their_files(tmp_path: Path) -> None:
    one, other, broken = (tmp_path / f"{name}.json" for name in ("one", "other", "broken"))
    one.write_text(reports.stating().model_dump_json())
    other.write_text(reports.declared_ai().model_dump_json())
    broken.write_text('{"schema_version": "9"}')
    page = tmp_path / "one.html"
    page.write_text(render_report(reports.stating(), None))
    assert assay("compare", one, page, data=tmp_path).code == 0
    same = assay("compare", one, one, data=tmp_path)
    assert (same.code, "a report does not hold the picture" in same.out) == (0, True)
    differs = assay("compare", one, other, "--lang", "de", data=tmp_path)
    assert differs.code == 1
    assert "Ein Bericht enthält das Bild nicht" in " ".join(differs.out.split())
    assert assay("compare", one, broken, data=tmp_path).code == 3
    assert assay("compare", one, other, "--key", "x", data=tmp_path).code == 2
