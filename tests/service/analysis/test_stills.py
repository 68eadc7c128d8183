"""What a report says of pictures that hold more than was looked at, and what they cost."""

import gc
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.result import Outcome, Reason
from service.analysis.config import PipelineConfig
from service.analysis.pipeline import Pipeline
from service.reporting.report import Profile, Report, Verdict
from service.scans.intake import source_from_stream
from tests import media

PHOTO = Pillow.fromarray(media.photograph(400, 300))
MIB = 1024**2


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("trust")
    with Pipeline(PipelineConfig(trust_dir=folder, limits=Limits())) as made:
        yield made


def _saved(picture: Pillow.Image, container: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, container, **options)
    return out.getvalue()


def _report(pipeline: Pipeline, data: bytes, profile: Profile = Profile.FULL) -> Report:
    source = source_from_stream(io.BytesIO(data), "file")
    with source.file:
        return pipeline.analyse(source, profile=profile).report


def _gaps(report: Report) -> set[str]:
    return {gap.reason for gap in report.not_checked}


def test_frames_nobody_looked_at_are_a_gap_that_clears_nothing(pipeline: Pipeline) -> None:
    frames = [PHOTO.rotate(180), PHOTO.rotate(90)]
    report = _report(pipeline, _saved(PHOTO, "WEBP", save_all=True, append_images=frames))
    assert Note.ONE_FRAME_ONLY in _gaps(report)
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_film_behind_a_photograph_is_a_gap_beside_what_was_judged(pipeline: Pipeline) -> None:
    photo = _saved(PHOTO, "JPEG", quality=90)
    with_film = _report(pipeline, photo + media.video_bytes("mp4"))
    assert Note.FILM_NOT_READ in _gaps(with_film)
    assert with_film.verdict is _report(pipeline, photo).verdict


@pytest.mark.parametrize("kind", ["palette", "transparent"])
def test_edits_abstain_with_a_reason_on_palettes_and_transparency(
    kind: str, pipeline: Pipeline
) -> None:
    cut_out = PHOTO.convert("RGBA")
    cut_out.paste((0, 0, 0, 0), (0, 0, 150, 150))
    data = _saved(PHOTO.quantize(128), "GIF") if kind == "palette" else _saved(cut_out, "PNG")
    report = _report(pipeline, data, Profile.THOROUGH)
    (edits,) = [finding for finding in report.findings if finding.detector == "image.edits"]
    assert edits.outcome is Outcome.NOT_APPLICABLE
    assert edits.reason is Reason.OUT_OF_DOMAIN
    assert report.verdict is not Verdict.LIKELY_MANIPULATED


def test_large_pictures_one_after_the_other_take_the_memory_of_one(pipeline: Pipeline) -> None:
    flat = _saved(Pillow.new("RGB", (6000, 5000), (90, 120, 150)), "WEBP", lossless=True)
    _report(pipeline, flat)
    gc.collect()
    gc.disable()
    try:
        before = _resident()
        for _ in range(3):
            _report(pipeline, flat)
        grown = _resident() - before
    finally:
        gc.enable()
    assert grown < 60 * MIB  # decoded, one has 86


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
