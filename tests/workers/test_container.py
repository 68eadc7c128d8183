import io
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from billiard.pool import SIG_SOFT_TIMEOUT

from detectors.base import Kind
from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import ignore
from service.errors import OutOfTime
from service.reporting.report import Profile
from service.scans.intake import source_from_stream
from service.settings import Settings
from tests.media import jpeg, photo_like
from workers.container import SOFT_LIMIT, PunctualPipeline, container
from workers.warmup import kinds_of


class Slow:
    """A pipeline that is told of the time limit while a detector runs whose crashes are caught."""

    def __init__(self) -> None:
        self.went_on = False

    def analyse(self, *_arguments: object, **_options: object) -> Analysis:
        with suppress(Exception):
            os.kill(os.getpid(), SOFT_LIMIT)
            time.sleep(5)
        self.went_on = True
        raise AssertionError("not reached")


def test_the_soft_limit_fails_a_scan_whatever_its_detectors_catch() -> None:
    source = source_from_stream(io.BytesIO(jpeg(photo_like(64, 64))), "a.jpg")
    slow = Slow()
    pipeline = PunctualPipeline(cast(Pipeline, slow))
    before = signal.getsignal(SOFT_LIMIT)
    with source.file, pytest.raises(OutOfTime):
        pipeline.analyse(source, profile=Profile.FULL, progress=ignore)
    assert not slow.went_on
    assert signal.getsignal(SOFT_LIMIT) is before


def test_the_soft_limit_is_told_by_the_signal_that_the_pool_sends() -> None:
    assert SIG_SOFT_TIMEOUT == SOFT_LIMIT


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
