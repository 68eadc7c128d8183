"""Detectors over a manifest: through the decoder, laundered, and never twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detectors.bench.cache import AnswerCache, model_digest
from detectors.bench.manifest import read_manifest
from detectors.bench.run import Plan, Question, results, run
from detectors.bench.scores import CLEAN
from detectors.media.limits import Limits
from detectors.registry import card_of, named
from detectors.training import domain_making
from tests import media

DETECTOR = "image.clip"
PLAN = Plan(
    limits=Limits(), video_frames=4, detectors=(DETECTOR,), launderings=("jpeg-50", "mp3_64k")
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures and one that is cut off."""
    folder = tmp_path_factory.mktemp("media")
    photo = media.jpeg(media.photograph(320, 240))
    (folder / "photo.jpg").write_bytes(photo)
    (folder / "broken.jpg").write_bytes(photo[:200])
    (folder / "other.png").write_bytes(media.png(media.photograph(300, 300)))
    lines = ["path,label", "photo.jpg,real", "broken.jpg,real", "other.png,ai_generated"]
    (folder / "m.csv").write_text("\n".join(lines) + "\n")
    return folder / "m.csv"


def asked(manifest: Path, cache: Path | None, plan: Plan = PLAN) -> tuple[dict[str, object], int]:
    """Raw scores by item and laundering, and how many items had to be decoded."""
    decoded: list[int] = []
    with AnswerCache(cache) as answers:
        found = run(read_manifest(manifest), plan, answers, lambda done, _: decoded.append(done))
    return {f"{q.item.name} {q.laundering}": a.raw for q, a in found.items()}, len(decoded)


@pytest.fixture(scope="module")
def first(manifest: Path) -> tuple[dict[str, object], int]:
    """A first run, whose answers are kept beside the manifest."""
    return asked(manifest, manifest.parent / "cache")


def test_each_item_is_judged_as_it_is_and_after_the_launderings_of_its_kind(
    first: tuple[dict[str, object], int],
) -> None:
    found, decoded = first
    names = ("photo.jpg", "broken.jpg", "other.png")
    assert decoded == 3
    assert set(found) == {f"{name} {how}" for name in names for how in (CLEAN, "jpeg-50")}
    assert found["photo.jpg none"] != found["photo.jpg jpeg-50"]
    assert found["broken.jpg none"] is None


def test_what_a_detector_does_not_claim_to_find_is_not_laundered(tmp_path: Path) -> None:
    (tmp_path / "swap.png").write_bytes(media.png(media.photo_like(300, 300, seed=9)))
    (tmp_path / "m.csv").write_text("path,label\nswap.png,face_swap\n")
    assert set(asked(tmp_path / "m.csv", None)[0]) == {f"swap.png {CLEAN}"}


def test_what_another_takes_for_no_photograph_is_an_abstention_here_too(tmp_path: Path) -> None:
    page = domain_making.document(media.photograph(), np.random.default_rng(2))
    (tmp_path / "page.png").write_bytes(media.png(page))
    (tmp_path / "m.csv").write_text("path,label\npage.png,real\n")
    plan = replace(PLAN, detectors=("image.edits",), launderings=())
    found = run(read_manifest(tmp_path / "m.csv"), plan, AnswerCache(None))
    assert {q.spec.name: a.reason for q, a in found.items() if q.spec.name == "image.edits"} == {
        "image.edits": "no_photograph"
    }


def test_a_second_run_computes_only_what_failed_or_is_new(
    manifest: Path, first: tuple[dict[str, object], int]
) -> None:
    cache = manifest.parent / "cache"
    again, decoded = asked(manifest, cache)
    assert (again, decoded) == (first[0], 1)  # the broken file is tried anew
    more = replace(PLAN, launderings=("jpeg-50", "webp-80"))
    assert asked(manifest, cache, more)[1] == 3


@pytest.mark.usefixtures("first")
def test_a_file_that_cannot_be_decoded_is_an_abstention(manifest: Path) -> None:
    with AnswerCache(manifest.parent / "cache") as answers:
        found = run(read_manifest(manifest), PLAN, answers)
    (result,) = results(found, "made here")
    assert result.abstentions == {"undecodable": 1}
    clean = result.launderings[CLEAN]
    assert clean.coverage == pytest.approx(2 / 3)
    points = card_of(named(DETECTOR)).operating_points
    assert points is not None
    assert points.fpr_1 is not None
    assert (result.threshold, result.accuses) == pytest.approx((points.fpr_5, points.fpr_1))
    assert [e for e in (clean.accused_bona_fide, clean.accused_synthetic) if e is not None]


def test_two_processes_say_what_one_says(
    manifest: Path, first: tuple[dict[str, object], int]
) -> None:
    assert asked(manifest, None, replace(PLAN, jobs=2)) == first


def test_an_answer_depends_on_file_laundering_and_model(manifest: Path) -> None:
    clip, film = named(DETECTOR), named("video.frames")
    assert model_digest(clip) != model_digest(film)
    item = read_manifest(manifest)[0]
    keys = {
        Question(item, CLEAN, clip).key,
        Question(item, "jpeg-50", clip).key,
        Question(replace(item, sha256="1"), CLEAN, clip).key,
        Question(item, CLEAN, film).key,
    }
    assert len(keys) == 4
    assert Question(replace(item, name="renamed"), CLEAN, clip).key in keys
