import io
from pathlib import Path
from typing import cast

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from detectors.base import Kind
from service.errors import OutOfTime
from service.intake import source_from_stream
from service.pipeline import Analysis, Pipeline, Profile, ignore
from service.settings import Settings
from tests.media import jpeg, photo_like
from workers.container import PunctualPipeline, container
from workers.warmup import kinds_of


class Slow:
    """A pipeline that the soft limit interrupts."""

    def analyse(self, *_arguments: object, **_options: object) -> Analysis:
        raise SoftTimeLimitExceeded


def test_the_soft_limit_fails_a_scan_instead_of_crashing_its_worker() -> None:
    source = source_from_stream(io.BytesIO(jpeg(photo_like(64, 64))), "a.jpg")
    pipeline = PunctualPipeline(cast(Pipeline, Slow()))
    with source.file, pytest.raises(OutOfTime):
        pipeline.analyse(source, profile=Profile.FULL, progress=ignore)


def test_a_process_builds_its_parts_once_from_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path))
    container.cache_clear()
    held = container()
    try:
        assert container() is held
        assert held.settings == Settings()
        assert held.scans.ready().accepting
        assert (tmp_path / "assay.db").exists()
    finally:
        held.pipeline.close()
        container.cache_clear()


@pytest.mark.parametrize(
    ("queues", "kinds"),
    [
        (("image", "provenance"), (Kind.IMAGE,)),
        (("provenance",), ()),
        (("audio", "video"), (Kind.AUDIO, Kind.VIDEO)),
    ],
)
def test_a_worker_warms_up_what_its_queues_need(
    queues: tuple[str, ...], kinds: tuple[Kind, ...]
) -> None:
    assert kinds_of(queues) == kinds
