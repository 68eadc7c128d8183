"""Speech of a telephone's band is refused, with the reason, and never scored."""

import io
from pathlib import Path

import numpy as np
import pytest
import soxr

from detectors.audio import windows
from detectors.audio.band import (
    LEAST_ABOVE_DB,
    above_4_khz,
    heard_speech,
    require_wide_speech,
)
from detectors.audio.speech import SpeechFinder
from detectors.audio.windows import LEAST_SPEECH, require_speech
from detectors.base import AUDIO_RATE, Audio
from detectors.errors import NotApplicable
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.registry import card_of, load, named
from detectors.result import NARROW_BAND_SECONDS, Reason
from detectors.zoo.weights import verified
from tests import media
from tests.sounds import speech_like
from tests.tracks import Sounds, muxed

REAL = Path(__file__).parents[4] / "shared/data/audio"
NARROW = soxr.resample(speech_like(6.0), AUDIO_RATE, 8_000)
LINES = {
    "PCM": ("wav", "pcm_s16le", 8_000),
    "G.711 mu-law": ("wav", "pcm_mulaw", 8_000),
    "G.711 A-law": ("wav", "pcm_alaw", 8_000),
    "ADPCM": ("wav", "adpcm_ima_wav", 8_000),
    "AMR": ("amr", "libopencore_amrnb", 8_000),
    "MP3 at 16 kHz": ("mp3", "libmp3lame", AUDIO_RATE),
    "MP3 at 44.1 kHz": ("mp3", "libmp3lame", 44_100),
    "Opus": ("ogg", "libopus", 48_000),
    "AAC": ("adts", "aac", 44_100),
}


@pytest.fixture(scope="module")
def finder() -> SpeechFinder:
    return SpeechFinder(verified(card_of(named("audio.encoder"))))


def _through(line: str, reader: MediaReader) -> Audio:
    muxer, codec, rate = LINES[line]
    samples = NARROW if rate == 8_000 else soxr.resample(NARROW, 8_000, rate)
    bit_rate = 12_200 if line == "AMR" else 48_000
    return reader.audio(
        io.BytesIO(muxed(muxer, Sounds(samples=samples, codec=codec, rate=rate, bit_rate=bit_rate)))
    )


@pytest.mark.parametrize("line", LINES)
def test_speech_of_8_khz_is_known_and_no_wide_speech_in_whatever_file_it_comes(
    line: str, finder: SpeechFinder, reader: MediaReader
) -> None:
    recording = _through(line, reader)
    heard = heard_speech(finder, recording)
    assert heard.band is windows.NARROW
    assert heard.stretches == require_speech(finder, recording)
    with pytest.raises(NotApplicable) as refused:
        require_wide_speech(finder, recording)
    assert refused.value.reason is Reason.NARROW_BAND


@pytest.mark.parametrize("container", ["wav", "mp3", "opus", "m4a"])
def test_wide_speech_is_judged_whole(
    container: media.AudioContainer, finder: SpeechFinder, reader: MediaReader
) -> None:
    data = media.audio_bytes(speech_like(6.0), container)
    found = require_wide_speech(finder, reader.audio(io.BytesIO(data)))
    assert found.narrow == 0
    assert sum(stretch.voiced for stretch in found.stretches) > 3


def _recording(samples: media.Samples) -> Audio:
    return Audio(samples=samples, source_rate=AUDIO_RATE, container="wav")


def test_wide_speech_in_short_stretches_is_not_called_narrow(finder: SpeechFinder) -> None:
    speech = speech_like(6.0)
    pause = np.zeros(round(0.8 * AUDIO_RATE), np.float32)
    long, short = speech[1_600:16_600], speech[1_600:10_600]
    recording = _recording(np.concatenate([pause, long, pause, short, pause]))
    (judged,) = require_speech(finder, recording)
    assert judged.voiced < LEAST_SPEECH  # the short stretch made up the rest
    assert require_wide_speech(finder, recording).stretches == [judged]


def test_a_caller_in_a_broadcast_is_left_out_and_counted() -> None:
    caller = soxr.resample(NARROW, 8_000, AUDIO_RATE)
    pause = np.zeros(AUDIO_RATE, np.float32)
    host = speech_like(6.0, 9)
    seen = load(named("audio.statistics")).observe(
        _recording(np.concatenate([host, pause, caller]))
    )
    assert seen.facts[NARROW_BAND_SECONDS] > 2
    assert max(span.end for span in seen.spans) < 7
    alone = load(named("audio.statistics")).observe(_recording(host))
    assert NARROW_BAND_SECONDS not in alone.facts


@pytest.mark.skipif(not REAL.is_dir(), reason="recordings of people are not part of the project")
def test_genuine_speech_is_told_apart_by_its_band(finder: SpeechFinder) -> None:
    names = sorted((REAL / "bonafide").glob("*.flac"))[::16]
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox)
        clips = [reader.audio(io.BytesIO(name.read_bytes())).samples for name in names]
    wide = [clip for clip in clips if above_4_khz([clip]) >= LEAST_ABOVE_DB]
    assert len(wide) > 0.85 * len(clips)
    narrowed = [soxr.resample(soxr.resample(c, AUDIO_RATE, 8_000), 8_000, AUDIO_RATE) for c in wide]
    assert max(above_4_khz([clip]) for clip in narrowed) < LEAST_ABOVE_DB
