"""The sample makers are what every other test and the demo stand on."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from silero_vad import get_speech_timestamps, load_silero_vad

from detectors.base import AUDIO_RATE
from tests import bad_media, media
from tests.sounds import Samples, music_like, speech_like


def test_the_same_seed_makes_the_same_picture_and_another_seed_another() -> None:
    first = media.photo_like(200, 150, seed=1)
    np.testing.assert_array_equal(first, media.photo_like(200, 150, seed=1))
    assert np.abs(first.astype(int) - media.photo_like(200, 150, seed=2)).mean() > 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: media.image_bytes(media.photo_like(64, 64), "heic"),
        lambda: media.audio_bytes(speech_like(0.5), "opus"),
        lambda: media.video_bytes("webm", seconds=0.5, width=64, height=48),
        lambda: media.video_bytes("mp4", seconds=0.5, sound=speech_like(0.5)),
        bad_media.huge_png,
        bad_media.mp4_with_endless_edit_list,
    ],
)
def test_files_are_made_alike_every_time(make: Callable[[], bytes]) -> None:
    assert make() == make()


def test_a_photo_like_picture_falls_off_in_frequency_as_photographs_do() -> None:
    grey = media.photo_like(512, 512).mean(axis=2)
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    inner = np.log([power[(radius > r) & (radius <= 1.2 * r)].mean() for r in (0.01, 0.04)])
    assert -4 < (inner[1] - inner[0]) / np.log(4) < -1


def _speech_share(samples: Samples) -> float:
    spans = get_speech_timestamps(torch.from_numpy(samples), load_silero_vad(onnx=True))
    return sum(int(span["end"]) - int(span["start"]) for span in spans) / samples.size


@pytest.mark.parametrize("seed", [3, 7])
def test_speech_like_sound_passes_for_speech_and_music_does_not(seed: int) -> None:
    assert _speech_share(speech_like(4.0, seed)) > 0.6
    assert _speech_share(music_like(4.0, seed)) < 0.1


def test_sounds_have_the_length_rate_and_range_asked_for() -> None:
    for make in (speech_like, music_like):
        samples = make(1.5, 1, rate=44_100)
        assert samples.dtype == np.float32
        assert samples.shape == (66_150,)
        assert np.abs(samples).max() <= 1.0
    assert speech_like(2.0).shape == (2 * AUDIO_RATE,)
