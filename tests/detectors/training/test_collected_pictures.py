"""Pictures for training are collected decoded, cut at their own size and each once."""

import csv
import hashlib
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from detectors.training.collection import collect, propose, table
from detectors.training.collection.kinds import Missing
from detectors.training.collection.mirror import find
from detectors.training.collection.pictures import GRID, SIDE
from detectors.training.collection.table import Entry, Repository
from detectors.training.image_data import pictures
from tests.clones import mirror_of

SITE = "somebody/site"


def _scene(seed: int, width: int, height: int) -> Image.Image:
    """Soft shapes with grain in the right half."""
    rng = np.random.default_rng(seed)
    shapes = rng.uniform(0, 255, (6, 8, 3))
    soft = np.asarray(cv2.resize(shapes, (width, height), interpolation=cv2.INTER_CUBIC))
    grain = rng.normal(0, 25, soft.shape)
    grain[:, : width // 2] = 0
    return Image.fromarray((soft + grain).clip(0, 255).astype(np.uint8))


def _file(picture: Image.Image, sort: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, sort, **options)
    return file.getvalue()


def _turned(picture: Image.Image) -> bytes:
    """Stored on its side, with an orientation and a maker in EXIF."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Somebody Cameras"
    return _file(picture.rotate(90, expand=True), "JPEG", quality=92, exif=exif)


LARGE = _scene(1, 900, 700)
FILES = {
    "real/large.jpg": _turned(LARGE),
    "real/small again.jpg": _file(LARGE.resize((450, 350)), "JPEG", quality=60),
    "real/other.webp": _file(_scene(2, 300, 400), "WEBP", quality=80),
    "made/one.png": _file(_scene(3, 256, 256), "PNG"),
    "made/known.jpg": _file(_scene(4, 512, 512), "JPEG", quality=90),
    "made/banner.png": _file(_scene(5, 900, 100), "PNG"),
    "made/broken.jpg": b"\xff\xd8\xff" + bytes(4_000),
    "made/icon.png": b"small",
}
RULE = propose.Rule(SITE, real=("^real/",), everything="newmaker", look="photographs")


@pytest.fixture
def collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Path, str]:
    """The folder made of the site beside a manifest with one of its pictures, and what was said."""
    mirror = mirror_of(FILES, SITE, tmp_path)
    clone = find(mirror, SITE)
    assert clone is not None
    site = Repository(
        kind="pictures", repository=SITE, commit=clone.head(), licence="CC0-1.0", era="modern",
        group=SITE, look=RULE.look,
    )  # fmt: skip
    monkeypatch.setattr(collect, "REPOSITORIES", tmp_path / "repositories.csv")
    monkeypatch.setattr(collect, "files", lambda kind: tmp_path / f"{kind}.csv")
    table.write(tmp_path / "repositories.csv", Repository, [site])
    entries = propose.proposed(RULE, clone, site.commit, "pictures")
    table.write(tmp_path / "pictures.csv", Entry, entries)
    (tmp_path / "other").mkdir()
    _scene(4, 512, 512).resize((256, 256)).save(tmp_path / "other" / "known.png")
    (tmp_path / "other" / "manifest.csv").write_text("path,thumb\nknown.png,\n")
    out = tmp_path / "out"
    arguments = ["--kind", "pictures", "--mirror", str(mirror), "--out", str(out), "--jobs", "1"]
    arguments += ["--beside", str(tmp_path / "other" / "manifest.csv")]
    collect.main(arguments)
    said = capsys.readouterr().err
    before = (out / "manifest.csv").read_bytes()
    collect.main(arguments)
    assert (out / "manifest.csv").read_bytes() == before
    return out, said


def test_each_picture_is_kept_once_with_what_trainings_ask_for(collected: tuple[Path, str]) -> None:
    out, said = collected
    with (out / "manifest.csv").open() as file:
        rows = {row["source_path"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"real/large.jpg", "real/other.webp", "made/one.png"}
    for reason in (Missing.REPEAT, Missing.KNOWN, Missing.UNDECODABLE, Missing.NO_PICTURE):
        assert f"1 {reason}: {SITE}" in said
    for row in rows.values():
        content = (out / row["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert row["pair"] == SITE
        assert row["photoreal"] == "1"
    assert [row["source_format"] for row in rows.values()] == ["png", "jpg", "webp"]
    read = {p.generator: p for p in pictures(out / "manifest.csv")}
    assert read["newmaker"].synthetic
    assert not read[""].synthetic


def test_a_large_picture_is_cut_where_texture_is_without_another_encoding(
    collected: tuple[Path, str],
) -> None:
    out, _ = collected
    with (out / "manifest.csv").open() as file:
        row = next(r for r in csv.DictReader(file) if r["source_path"] == "real/large.jpg")
    left, top, width, height = map(int, row["lossless_crop"].split())
    assert (int(row["source_width"]), int(row["source_height"])) == LARGE.size
    assert (width, height) == (SIDE, SIDE)
    assert left % GRID == top % GRID == 0
    assert left > 0
    with Image.open(BytesIO(FILES["real/large.jpg"])) as stored:
        upright = np.asarray(stored.rotate(-90, expand=True).convert("RGB"))
    with Image.open(out / row["path"]) as cut:
        assert not cut.info
        assert np.array_equal(np.asarray(cut), upright[top : top + SIDE, left : left + SIDE])
    with Image.open(out / row["thumb"]) as whole:
        assert not whole.getexif()
        assert min(whole.size) == 224


def test_pictures_made_by_hand_are_real_but_no_photographs(tmp_path: Path) -> None:
    mirror = mirror_of({"drawn/1.png": FILES["made/one.png"]}, SITE, tmp_path)
    clone = find(mirror, SITE)
    assert clone is not None
    rule = propose.Rule(SITE, drawn=True, everything="real")
    (entry,) = propose.proposed(rule, clone, clone.head(), "pictures")
    assert (entry.label, entry.system) == ("real", "hand")
    (tmp_path / "manifest.csv").write_text(
        "path,sha256,label,generator,source,pair,photoreal,source_format,thumb\n"
        f"1.png,{entry.sha256},real,,{SITE},,0,png,\n"
    )
    (picture,) = pictures(tmp_path / "manifest.csv")
    assert not picture.photograph
