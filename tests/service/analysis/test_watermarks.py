"""Marks are looked for in what they can be in, and what could not be looked for is stated."""

import numpy as np
import pytest

from detectors.base import AUDIO_RATE, Audio, Image, Video
from provenance import perth
from provenance.declared import Watermark, WatermarkScheme
from service.analysis import watermarks
from service.arguments import pipeline_config
from service.reporting.verdict import HARMLESS
from service.settings import Settings
from tests.media import photo_like
from tests.sounds import speech_like

SOUND = Audio(samples=speech_like(2.0), source_rate=AUDIO_RATE, container="wav")
FILM = Video(
    frames=np.zeros((1, 8, 8, 3), np.uint8),
    times=np.zeros(1),
    shot=np.zeros(1, np.int32),
    seconds=2.0,
    container="mp4",
    audio=SOUND,
)
HEARD = Watermark(
    name="Perth",
    scheme=WatermarkScheme.PERTH,
    generator="somebody",
    matched=1,
    total=1,
    p_chance=perth.BOUND,
)


@pytest.mark.parametrize("media", [SOUND, FILM])
def test_sound_is_looked_at_only_where_wanted(
    media: Audio | Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perth, "find_mark", lambda samples, rate: HEARD)
    assert watermarks.read(media, in_sound=True).watermarks == (HEARD,)
    assert watermarks.read(media, in_sound=False) == watermarks.Marks()
    assert not pipeline_config(Settings()).audio_watermark


def test_pictures_are_always_looked_at() -> None:
    picture = Image(pixels=photo_like(320, 256), container="png")
    assert watermarks.read(picture, in_sound=False).watermarks


def test_missing_weights_are_a_stated_gap_that_breaks_no_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    perth.networks.cache_clear()
    monkeypatch.setattr(perth, "DISTRIBUTION", "no-such-distribution")
    found = watermarks.read(SOUND, in_sound=True)
    assert found.watermarks == ()
    assert [item.reason for item in found.missing] == [watermarks.NO_AUDIO_WATERMARK]
    assert watermarks.NO_AUDIO_WATERMARK in HARMLESS
