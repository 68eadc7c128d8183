import io
import os
import signal
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import cast

import pytest
from billiard.pool import SIG_SOFT_TIMEOUT

from detectors.base import Kind
from detectors.media.limits import Confinement, Limits
from provenance.read import read
from service.analysis.looking.painter import Painter
from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import ignore
from service.analysis.source import Source
from service.errors import OutOfTime
from service.reporting.report import Profile
from service.scans.intake import source_from_stream
from service.settings import Settings
from tests.media import jpeg, photo_like
from tests.service import reports
from tests.signing import Authority, sign
from workers.ahead import kinds_of
from workers.container import SOFT_LIMIT, PunctualPipeline, container


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
    pipeline = PunctualPipeline(cast(Pipeline, slow), cast(Painter, None))
    before = signal.getsignal(SOFT_LIMIT)
    with source.file, pytest.raises(OutOfTime):
        pipeline.analyse(source, profile=Profile.FULL, progress=ignore)
    assert not slow.went_on
    assert signal.getsignal(SOFT_LIMIT) is before


class Fetching:
    """A pipeline that got the credentials of a file from elsewhere."""

    def __init__(self, store: bytes) -> None:
        self.store = store

    def analyse(self, source: Source, **_options: object) -> Analysis:
        found = read(source.file, media_type="image/jpeg", manifest=self.store)
        return Analysis(reports.report(provenance=found), None, store=self.store)


def test_thumbnails_of_credentials_that_are_not_kept_are_drawn_with_the_analysis() -> None:
    photo = jpeg(photo_like(320, 240))
    credential = Authority.create().issue()
    store = sign(photo, credential, embed=False, thumbnails=True).manifest
    source = source_from_stream(io.BytesIO(photo), "a.jpg")
    with source.file, closing(Painter(Confinement(), Limits())) as painter:
        pipeline = PunctualPipeline(cast(Pipeline, Fetching(store)), painter)
        analysis = pipeline.analyse(source, profile=Profile.FULL, progress=ignore)
    assert list(analysis.recorded) == ["thumbnail-0"]
    assert analysis.recorded["thumbnail-0"].picture.startswith(b"\xff\xd8")


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
