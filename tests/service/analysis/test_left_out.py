"""What of a recording or a film nobody judged is named in the report, and clears nothing."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from detectors.base import AUDIO_RATE, Kind
from detectors.media.limits import Limits
from detectors.media.notes import SENTENCES, Note
from detectors.result import Outcome
from service.analysis.config import PipelineConfig
from service.analysis.pipeline import Pipeline
from service.reporting.report import NotChecked, Report, Verdict
from service.scans.intake import source_from_stream
from tests import media
from tests.sounds import speech_like
from tests.tracks import PLAYED, Pictures, Sounds, muxed

SPEECH = speech_like(4.0)
FILM = tuple(media.moving_frames(320, 240, 48))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder: Path = tmp_path_factory.mktemp("trust")
    config = PipelineConfig(trust_dir=folder, limits=Limits(audio_seconds=8.0))
    with Pipeline(config) as made:
        yield made


def _report(pipeline: Pipeline, data: bytes) -> Report:
    source = source_from_stream(io.BytesIO(data), "file")
    with source.file:
        return pipeline.analyse(source).report


def _gap(report: Report, reason: str) -> NotChecked:
    (found,) = [item for item in report.not_checked if item.reason == reason]
    return found


def test_speech_in_a_track_that_was_not_heard_is_a_gap(pipeline: Pipeline) -> None:
    silence = np.zeros(4 * AUDIO_RATE, np.float32)
    tracks = muxed("mp4", Sounds(samples=silence), Sounds(samples=SPEECH), Sounds(samples=SPEECH))
    report = _report(pipeline, tracks)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert _gap(report, "other_track").what == "sound tracks 2, 3 of 3"


def test_a_picture_track_that_was_not_seen_is_a_gap(pipeline: Pipeline) -> None:
    both = muxed("matroska", Pictures(frames=FILM, flags=0), Pictures(frames=FILM, flags=PLAYED))
    report = _report(pipeline, both)
    assert report.verdict is not Verdict.NO_SIGN_FOUND
    assert _gap(report, "other_track").what == "picture track 1 of 2"


@pytest.mark.parametrize(
    ("muxer", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 8_000),
        ("wav", "pcm_mulaw", 8_000),
        ("wav", "pcm_alaw", 8_000),
        ("wav", "adpcm_ima_wav", 8_000),
        ("wav", "adpcm_ms", 8_000),
        ("aiff", "pcm_s16be", 8_000),
        ("amr", "libopencore_amrnb", 8_000),
        ("3gp", "libopencore_amrnb", 8_000),
        ("wav", "pcm_s16le", 44_100),
        ("mp3", "libmp3lame", AUDIO_RATE),
        ("mp3", "libmp3lame", 44_100),
        ("adts", "aac", 44_100),
    ],
)
def test_speech_of_a_telephone_is_judged_whatever_file_it_comes_in(
    muxer: str, codec: str, rate: int, pipeline: Pipeline
) -> None:
    narrow = soxr.resample(soxr.resample(SPEECH, AUDIO_RATE, 8_000), 8_000, rate)
    bit_rate = 12_200 if codec == "libopencore_amrnb" else 48_000
    line = Sounds(samples=narrow, codec=codec, rate=rate, bit_rate=bit_rate)
    report = _report(pipeline, muxed(muxer, line))
    (finding,) = [item for item in report.findings if item.detector == "audio.ensemble"]
    assert finding.outcome is Outcome.SCORED
    assert finding.facts["like_telephone"] == 1
    assert "narrow_band" not in {item.reason for item in report.not_checked}


@pytest.mark.parametrize("container", ["wav", "mp3", "opus"])
def test_wide_speech_is_judged_and_no_telephone_is_spoken_of(
    container: media.AudioContainer, pipeline: Pipeline
) -> None:
    report = _report(pipeline, media.audio_bytes(SPEECH, container))
    (finding,) = [item for item in report.findings if item.detector == "audio.ensemble"]
    assert finding.outcome is Outcome.SCORED
    assert "narrow_band" not in {item.reason for item in report.not_checked}


def test_a_caller_who_was_not_judged_is_a_gap_beside_what_was(pipeline: Pipeline) -> None:
    caller = soxr.resample(soxr.resample(SPEECH, AUDIO_RATE, 8_000), 8_000, AUDIO_RATE)
    pause = np.zeros(AUDIO_RATE // 2, np.float32)
    report = _report(
        pipeline, media.audio_bytes(np.concatenate([speech_like(3.0, 9), pause, caller]), "wav")
    )
    assert "were not judged" in _gap(report, "narrow_band").statement
    assert report.verdict is not Verdict.NO_SIGN_FOUND


def test_cancelling_channels_are_judged_and_noted(pipeline: Pipeline) -> None:
    report = _report(pipeline, media.audio_bytes(np.stack([SPEECH, -SPEECH], 1), "flac"))
    assert SENTENCES[Note.CHANNELS_CANCEL] in report.subject.notes
    assert "no_speech" not in {item.reason for item in report.not_checked}


def test_sound_of_a_film_that_is_cut_off_is_a_gap(pipeline: Pipeline) -> None:
    long = Sounds(samples=speech_like(10.0))
    report = _report(pipeline, muxed("mp4", Pictures(frames=FILM), long))
    gap = _gap(report, "cut_at_limit")
    assert gap.what == "the rest of the file (sound)"
    assert gap.statement.startswith("Only the beginning of the sound was read")
    assert SENTENCES[Note.CUT_AT_LIMIT] not in report.subject.notes
    assert any("beginning of the sound" in note for note in report.subject.notes)


def test_a_cover_does_not_make_a_recording_a_film(pipeline: Pipeline) -> None:
    report = _report(pipeline, muxed("mp4", Sounds(samples=SPEECH), Pictures(frames=FILM[:1])))
    assert report.subject.kind is Kind.AUDIO
    assert report.subject.seconds == pytest.approx(4.0, abs=0.15)
    assert SENTENCES[Note.STILL_PICTURE_LEFT_OUT] in report.subject.notes


def test_a_film_behind_its_sound_in_ogg_is_judged_as_a_film(pipeline: Pipeline) -> None:
    sound = Sounds(samples=speech_like(2.0, rate=48_000), codec="libopus", rate=48_000)
    report = _report(pipeline, muxed("ogg", sound, Pictures(frames=FILM, codec="libvpx")))
    assert report.subject.kind is Kind.VIDEO
    assert {"video.frames", "audio.ensemble"} <= {item.detector for item in report.findings}
