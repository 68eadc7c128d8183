"""What of a recording reaches the audio experts."""

import numpy as np
import pytest

from detectors.audio.speech import SpeechFinder
from detectors.audio.windows import (
    HOP,
    STRIDE,
    WINDOW,
    Piece,
    normalised,
    pieces,
    require_speech,
    window_edges,
)
from detectors.base import AUDIO_RATE, Audio
from detectors.errors import NotApplicable
from detectors.registry import card_of, named
from detectors.result import Reason
from detectors.zoo.weights import verified
from tests.detectors.audio.noises import NAMES, noise
from tests.sounds import music_like, speech_like


@pytest.fixture(scope="module")
def finder() -> SpeechFinder:
    return SpeechFinder(verified(card_of(named("audio.encoder"))))


def _recording(samples: np.ndarray) -> Audio:
    return Audio(samples=samples.astype(np.float32), source_rate=AUDIO_RATE, container="wav")


def _cut(finder: SpeechFinder, samples: np.ndarray) -> list[Piece]:
    return list(pieces(samples, require_speech(finder, _recording(samples))))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_speech_is_not_judged(name: str, seed: int, finder: SpeechFinder) -> None:
    with pytest.raises(NotApplicable) as refusal:
        require_speech(finder, _recording(noise(name, seed)))
    assert refusal.value.reason is Reason.NO_SPEECH


def test_speech_of_less_than_a_second_is_too_short(finder: SpeechFinder) -> None:
    quiet = np.zeros(3 * AUDIO_RATE, np.float32)
    quiet[AUDIO_RATE : AUDIO_RATE + 11_000] = speech_like(4.0)[8_000:19_000]
    with pytest.raises(NotApplicable) as refusal:
        require_speech(finder, _recording(quiet))
    assert refusal.value.reason is Reason.TOO_SHORT


def test_a_file_of_less_than_a_second_is_too_short_even_if_empty(finder: SpeechFinder) -> None:
    for samples in (speech_like(4.0)[: AUDIO_RATE // 2], np.zeros(0, np.float32)):
        with pytest.raises(NotApplicable) as refusal:
            require_speech(finder, _recording(samples))
        assert refusal.value.reason is Reason.TOO_SHORT


def test_silence_before_speech_moves_the_windows_and_changes_nothing_else(
    finder: SpeechFinder,
) -> None:
    speech = speech_like(4.0)
    plain = _cut(finder, np.concatenate([np.zeros(8_000, np.float32), speech]))
    later = _cut(finder, np.concatenate([np.zeros(8_000 + 32 * 512, np.float32), speech]))
    assert later[0].start == pytest.approx(plain[0].start + 32 * 512 / AUDIO_RATE, abs=0.05)
    assert len(later[0].windows) == len(plain[0].windows)


@pytest.mark.parametrize("gain", [0.01, 0.3])
def test_loudness_cannot_be_a_cue(gain: float, finder: SpeechFinder) -> None:
    speech = speech_like(5.0)
    [whole], [quiet] = _cut(finder, speech), _cut(finder, speech * np.float32(gain))
    np.testing.assert_allclose(whole.samples, quiet.samples, atol=1e-3)


def test_what_lies_outside_the_band_is_removed() -> None:
    times = np.arange(2 * AUDIO_RATE) / AUDIO_RATE
    inside = np.sin(2 * np.pi * 1000 * times)
    outside = np.sin(2 * np.pi * 7900 * times) + np.sin(2 * np.pi * 20 * times) + 1
    clean, dirty = (
        normalised(inside.astype(np.float32)),
        normalised((inside + outside).astype(np.float32)),
    )
    assert np.abs(clean - dirty)[4000:-4000].max() < 0.02


@pytest.mark.parametrize("frames", [70, WINDOW, WINDOW + 1, WINDOW + STRIDE, 5 * WINDOW + 17])
def test_windows_cover_every_frame_and_have_one_length(frames: int) -> None:
    edges = window_edges(frames)
    covered = np.zeros(frames, bool)
    for first, last in edges:
        covered[first:last] = True
        assert last - first == min(frames, WINDOW)
    assert covered.all()
    assert len(edges) == len(set(edges))


def test_a_long_stretch_comes_in_bounded_pieces_with_the_windows_of_the_whole(
    finder: SpeechFinder,
) -> None:
    speech = np.tile(speech_like(10.0), 6)
    stretches = require_speech(finder, _recording(speech))
    cut = list(pieces(speech, stretches))
    assert max(piece.samples.size for piece in cut) <= 25 * AUDIO_RATE
    starts = [
        round((piece.start * AUDIO_RATE) / HOP) + w[0] for piece in cut for w in piece.windows
    ]
    assert starts == sorted(set(starts))
    assert len(starts) == sum(len(window_edges((s.end - s.start) // HOP)) for s in stretches)


@pytest.mark.parametrize("pause", [0.0, 0.5])
def test_speech_after_a_minute_of_music_is_found_as_it_is_alone(
    pause: float, finder: SpeechFinder
) -> None:
    speech, music = speech_like(4.0), music_like(60.0)
    before = np.concatenate([music, np.zeros(round(pause * AUDIO_RATE), np.float32)])
    alone = finder.stretches(speech)
    after = finder.stretches(np.concatenate([before, speech]))
    assert sum(one.voiced for one in after) == pytest.approx(
        sum(one.voiced for one in alone), abs=0.5
    )
    assert min(one.start for one in after) > 59 * AUDIO_RATE


def test_the_memory_of_the_network_ends_with_a_passage(finder: SpeechFinder) -> None:
    speech, pause = speech_like(4.0), np.zeros(AUDIO_RATE, np.float32)
    once = finder.probabilities(np.concatenate([speech, pause]))
    twice = finder.probabilities(np.concatenate([speech, pause, speech, pause]))
    frames = 4 * AUDIO_RATE // 512
    np.testing.assert_allclose(twice[:frames], once[:frames], atol=0.05)


def test_no_sound_at_all_has_no_probabilities(finder: SpeechFinder) -> None:
    assert finder.probabilities(np.zeros(0, np.float32)).shape == (0,)
