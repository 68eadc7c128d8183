"""Films are judged while their frames are decoded, and come out as if they had been whole."""

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import numpy as np
import pytest

from detectors.base import Audio, Kind, Sampled, Video
from detectors.errors import DecoderCrashed, MediaUndecodable
from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.reader import HANDLER, MediaReader, Probe, one_a_second
from detectors.media.sandbox import Sandbox
from detectors.registry import Effort
from detectors.result import Finding
from detectors.runner import Run, Start
from service.analysis import classifier, judging
from service.analysis.config import PipelineConfig
from service.analysis.films import read_film
from service.analysis.judging import Judging
from service.analysis.pipeline import Pipeline
from service.analysis.progress import ignore
from service.reporting.report import Report, Verdict
from service.scans.intake import source_from_stream
from tests import media

FILM = media.video_bytes(seconds=2.0, real=True)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with Pipeline(PipelineConfig(trust_dir=tmp_path / "trust", limits=Limits())) as made:
        yield made


def _report(pipeline: Pipeline, data: bytes) -> Report:
    source = source_from_stream(io.BytesIO(data), "file")
    with source.file:
        return pipeline.analyse(source).report


def _lasting(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    return [item.model_dump(exclude={"seconds"}) for item in findings]


def test_a_film_judged_while_it_is_decoded_has_the_findings_of_the_whole_one(
    pipeline: Pipeline,
) -> None:
    found = _report(pipeline, FILM).findings
    with Sandbox(handler=HANDLER) as sandbox:
        reader, file = MediaReader(sandbox), io.BytesIO(FILM)
        whole = reader.video(file, one_a_second(reader.probe(file), 64))
    assert _lasting(found) == _lasting(tuple(Run(whole, Effort.FULL).findings()))
    assert found[0].facts["judged_frames"] == len(whole.frames) == 16


def test_a_decoder_that_dies_between_two_frames_leaves_a_gap_and_no_finding(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "HANDLER", "tests.detectors.media.handlers:handle")
    report = _report(pipeline, FILM)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.findings == ()
    (gap,) = (item for item in report.not_checked if item.what == "classifiers")
    assert gap.reason == DecoderCrashed.code
    assert "died (SIGABRT)" in gap.statement
    ends = time.monotonic() + 30
    while any(thread.name.startswith("ThreadPool") for thread in threading.enumerate()):
        assert time.monotonic() < ends, "frames are judged of a film that has no report"
        time.sleep(0.05)


class _Reader:
    """Stands where a reader of a film of two frames stands."""

    def __init__(self, between: Event | None = None) -> None:
        self._between = between

    def audio(self, file: BinaryIO, *, of_a_film: bool) -> Audio:
        raise MediaUndecodable("nothing to hear")

    def video(self, file: BinaryIO, budget: object, *, sound: bool, seen: Any) -> Video:
        frames = np.zeros((2, 8, 8, 3), np.uint8)
        for number, pixels in enumerate(frames):
            seen(Sampled(pixels=pixels, seconds=number, shot=0, of=2, container="mp4"))
            assert self._between is None or self._between.wait(30)
        notes = () if sound else (Note.DAMAGED,)
        return Video(
            frames=frames,
            times=np.array([0.0, 1.0]),
            shot=np.zeros(2, np.int32),
            seconds=2.0,
            container="mp4",
            notes=notes,
        )


def _probe(*, has_audio: bool) -> Probe:
    return Probe(kind=Kind.VIDEO, container="mp4", codec="h264", has_audio=has_audio)


def test_a_frame_is_looked_at_before_the_next_one_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = Event()

    class Looks:
        def arrived(self, frame: Sampled) -> None:
            looked.set()

        def observe(self, media: object) -> Any:
            raise AssertionError

        def close(self) -> None:
            looked.clear()

    monkeypatch.setattr(judging, "begin", lambda *_: {"video.frames": Start(Looks(), 0.0)})
    judge = Judging(Effort.FULL, ignore)
    reader: Any = _Reader(looked)
    film, heard = read_film(reader, io.BytesIO(), _probe(has_audio=False), 64, judge)
    assert (len(film.frames), film.notes, heard) == (2, (), ())
    judge.close()
    assert not looked.is_set()


def test_sound_that_cannot_be_read_is_noted_and_asked_for_once() -> None:
    reader: Any = _Reader()
    judge = Judging(Effort.FULL, ignore)
    film, heard = read_film(reader, io.BytesIO(), _probe(has_audio=True), 64, judge)
    judge.close()
    assert (film.audio, film.notes, heard) == (None, (Note.DAMAGED, Note.SOUND_UNREADABLE), ())
