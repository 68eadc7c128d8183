"""Files that were once judged wrongly; README.md beside this file says how."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from detectors.media.limits import Limits
from service.analysis.config import PipelineConfig
from service.analysis.pipeline import Pipeline
from service.reporting.report import Profile, Report, Verdict
from service.scans.intake import source_from_stream
from tests import media

SCREENSHOT = Path(__file__).parents[2] / "docs" / "page.png"

ACCUSING = {Verdict.LIKELY_SYNTHETIC, Verdict.LIKELY_MANIPULATED, Verdict.INCONCLUSIVE}


def empty_page() -> bytes:
    page = np.full((1100, 800, 3), 252, np.uint8)
    page[520:532, 380:420] = 20
    return media.png(page)


def drawn(seed: int) -> Callable[[], bytes]:
    return lambda: media.jpeg(media.photo_like(800, 600, seed=seed))


MADE: dict[str, Callable[[], bytes]] = {
    **{f"drawn by a program, seed {seed}": drawn(seed) for seed in (0, 2, 3, 4, 5, 6, 7)},
    "screenshot": SCREENSHOT.read_bytes,
    "empty page": empty_page,
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    trust = tmp_path_factory.mktemp("trust")
    with Pipeline(PipelineConfig(trust_dir=trust, limits=Limits())) as made:
        yield made


def analysed(pipeline: Pipeline, data: bytes, profile: Profile) -> Report:
    source = source_from_stream(io.BytesIO(data), "file")
    with source.file:
        return pipeline.analyse(source, profile=profile).report


@pytest.mark.parametrize("profile", [Profile.FULL, Profile.FAST])
@pytest.mark.parametrize("name", MADE)
def test_what_was_judged_wrongly_is_not_accused_again(
    pipeline: Pipeline, name: str, profile: Profile
) -> None:
    report = analysed(pipeline, MADE[name](), profile)
    assert report.verdict not in ACCUSING, [item.statement for item in report.evidence]
