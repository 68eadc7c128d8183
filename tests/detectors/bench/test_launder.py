"""Launderings make whole new files, and keep to their size rules."""

import io
import math

import av
import numpy as np
import pytest
from PIL import Image as Pillow
from scipy.io import wavfile

from detectors.base import AUDIO_RATE, Audio, Image, Kind
from detectors.bench.launder import FILMS, NAMES, RECORDINGS, Film, encoded, laundered
from detectors.training.audio_launder import LAUNDERINGS
from tests.media import jpeg, photo_like, video_with_sound
from tests.sounds import speech_like

PHOTO = photo_like(1600, 900)
SIZES = {"resize-0.75": (1200, 675), "resize-0.5": (800, 450), "crop-0.7": (1120, 630)}
SIZES |= {"social": (1080, 608), "messenger": (1280, 720)}
FILM = video_with_sound(seconds=2.0)


@pytest.mark.parametrize("name", NAMES[Kind.IMAGE])
def test_a_photo_becomes_another_file_of_the_size_the_laundering_says(name: str) -> None:
    file = jpeg(PHOTO, 95)
    found = laundered(name, Image(pixels=PHOTO, container="jpeg"), io.BytesIO(file))
    with Pillow.open(io.BytesIO(found)) as picture:
        assert picture.size == SIZES.get(name, (1600, 900))
        pixels = np.asarray(picture.convert("RGB"))
    if pixels.shape == PHOTO.shape:
        assert not np.array_equal(pixels, PHOTO)
        assert np.abs(pixels.astype(int) - PHOTO).mean() < 12


@pytest.mark.parametrize("name", ["social", "messenger"])
def test_a_picture_within_the_limit_is_not_enlarged(name: str) -> None:
    small = Image(pixels=photo_like(300, 200), container="png")
    with Pillow.open(io.BytesIO(laundered(name, small, io.BytesIO()))) as picture:
        assert (picture.size, picture.format) == ((300, 200), "JPEG")


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_becomes_a_file_of_its_form_that_lasts_as_long(name: str) -> None:
    form = RECORDINGS[name]
    sound = Audio(samples=speech_like(2.0), source_rate=AUDIO_RATE, container="wav")
    with av.open(io.BytesIO(laundered(name, sound, io.BytesIO())), "r") as file:
        track = file.streams.audio[0]
        assert track.codec_context.sample_rate == form.rate
        assert track.codec_context.name in {form.codec, "amrnb", "opus"}
        heard = sum(frame.samples for frame in file.decode(track))
    assert heard / form.rate == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("name", LAUNDERINGS)
def test_a_recording_changes_but_keeps_its_length_and_rate(name: str) -> None:
    samples = speech_like(2.0)
    sound = Audio(samples=samples, source_rate=AUDIO_RATE, container="wav")
    rate, found = wavfile.read(io.BytesIO(laundered(name, sound, io.BytesIO())))
    assert (rate, found.shape) == (AUDIO_RATE, samples.shape)
    assert np.abs(found - samples).mean() > 1e-4
    assert np.corrcoef(found, samples)[0, 1] > 0.3


@pytest.mark.parametrize("name", NAMES[Kind.VIDEO])
def test_a_film_is_encoded_anew_with_its_sound(name: str) -> None:
    found = encoded(io.BytesIO(FILM), FILMS[name])
    with av.open(io.BytesIO(found), "r") as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        size = (240, 134) if name == "resize-0.5" else (480, 270)
        assert (picture.width, picture.height) == size
        assert picture.codec_context.name == {"h265": "hevc", "vp9": "vp9"}.get(name, "h264")
        frames = sum(1 for _ in film.decode(picture))
        assert frames == (60 if name == "fps-30" else 24)
        assert sound.codec_context.name == "aac"


def test_a_handed_on_film_is_reduced_to_its_shorter_side_and_cut() -> None:
    small = Film(crf=28, shorter=134, kilobits=20)
    for seconds, frames in ((math.inf, 24), (0.99, 12)):
        found = encoded(io.BytesIO(FILM), small, seconds=seconds)
        with av.open(io.BytesIO(found), "r") as film:
            picture = film.streams.video[0]
            assert (picture.width, picture.height) == (238, 134)
            assert sum(1 for _ in film.decode(picture)) == pytest.approx(frames, abs=2)


def test_a_coarser_film_is_smaller() -> None:
    fine, coarse = (encoded(io.BytesIO(FILM), FILMS[f"h264-crf{crf}"]) for crf in (28, 35))
    assert len(coarse) < 0.8 * len(fine)
