import io
import time
from typing import BinaryIO

import numpy as np
import pytest

from detectors.errors import MediaTooLarge, MediaUndecodable
from detectors.media.notes import Note
from detectors.media.reader import FrameBudget, MediaReader
from tests import bad_media, media
from tests.sounds import speech_like


def _file(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


@pytest.mark.parametrize(
    "name", ["empty.jpg", "text.jpg", "archive.zip", "page.pdf", "noise.bin", "truncated.mp4"]
)
def test_what_is_no_media_is_refused_by_every_door(name: str, reader: MediaReader) -> None:
    file = _file(bad_media.BAD_INPUTS[name]())
    with pytest.raises(MediaUndecodable):
        reader.probe(file)
    with pytest.raises(MediaUndecodable):
        reader.image(file)
    with pytest.raises(MediaUndecodable):
        reader.audio(file)
    with pytest.raises(MediaUndecodable):
        reader.video(file, FrameBudget(frames=4))


@pytest.mark.parametrize("name", ["truncated.jpg", "truncated.png"])
def test_a_truncated_picture_is_refused_not_filled_with_grey(
    name: str, reader: MediaReader
) -> None:
    with pytest.raises(MediaUndecodable, match="truncated"):
        reader.image(_file(bad_media.BAD_INPUTS[name]()))


@pytest.mark.parametrize("container", ["webp", "avif", "heic", "gif"])
def test_other_truncated_pictures_are_refused_too(
    container: media.ImageContainer, reader: MediaReader
) -> None:
    whole = media.image_bytes(media.photo_like(320, 240), container)
    with pytest.raises(MediaUndecodable, match="truncated"):
        reader.image(_file(whole[: len(whole) * 6 // 10]))


def test_a_picture_that_would_fill_the_memory_is_refused_quickly(reader: MediaReader) -> None:
    file = _file(bad_media.huge_png())
    reader.probe(_file(media.png(media.photo_like(32, 32))))
    started = time.monotonic()
    with pytest.raises(MediaTooLarge, match="30,000 x 30,000"):
        reader.image(file)
    assert time.monotonic() - started < 3


def test_of_ten_thousand_frames_the_first_is_read(reader: MediaReader) -> None:
    started = time.monotonic()
    image = reader.image(_file(bad_media.gif_of_frames()))
    assert time.monotonic() - started < 3
    assert image.pixels.shape == (64, 64, 3)
    assert Note.ONE_FRAME_ONLY in image.notes


@pytest.mark.parametrize("name", ["truncated.wav", "claims-2-gb.wav"])
def test_a_wav_shorter_than_its_header_says_gives_what_is_there(
    name: str, reader: MediaReader
) -> None:
    audio = reader.audio(_file(bad_media.BAD_INPUTS[name]()))
    assert 1.0 < audio.seconds <= 2.0
    assert Note.SHORTER_THAN_DECLARED in audio.notes


@pytest.mark.parametrize("channels", [22, 178])
def test_a_wav_of_absurdly_many_channels_does_not_crash_the_decoder(
    channels: int, reader: MediaReader
) -> None:
    wave = bytearray(media.speech_wav(0.5))
    wave[22] = channels
    assert reader.audio(_file(bytes(wave))).samples.size == 8000 // channels


def test_an_endless_edit_list_is_read_once(reader: MediaReader) -> None:
    started = time.monotonic()
    film = _file(bad_media.mp4_with_endless_edit_list())
    video = reader.video(film, FrameBudget(frames=100))
    assert time.monotonic() - started < 5
    assert (video.frames.shape[0], video.seconds) == (12, 1.0)


@pytest.mark.parametrize("container", ["webm", "mkv", "avi"])
def test_a_film_that_ends_early_gives_what_is_there_and_says_so(
    container: media.VideoContainer, reader: MediaReader
) -> None:
    whole = media.video_bytes(container, seconds=4.0)
    video = reader.video(_file(whole[: len(whole) // 2]), FrameBudget(frames=4))
    assert video.seconds < 3.0
    assert Note.SHORTER_THAN_DECLARED in video.notes


def test_sound_that_cannot_be_read_does_not_spoil_the_film(reader: MediaReader) -> None:
    film = media.video_bytes("mkv", seconds=1.0, sound=speech_like(1.0))
    video = reader.video(_file(film.replace(b"A_FLAC", b"A_NONE")), FrameBudget(frames=2))
    assert video.audio is None
    assert Note.SOUND_UNREADABLE in video.notes


def test_a_time_scale_of_zero_gives_frames_in_order(reader: MediaReader) -> None:
    video = reader.video(_file(bad_media.mp4_with_zero_time_scale()), FrameBudget(frames=4))
    assert (np.diff(video.times) >= 0).all()


def test_malformed_jumbf_does_not_keep_a_picture_from_being_read(reader: MediaReader) -> None:
    plain = reader.image(_file(media.jpeg(media.photo_like(320, 240))))
    odd = reader.image(_file(bad_media.jpeg_with_malformed_jumbf()))
    np.testing.assert_array_equal(odd.pixels, plain.pixels)


def test_damaged_files_of_every_kind_end_in_media_or_our_error(reader: MediaReader) -> None:
    rng = np.random.default_rng(7)
    films = [media.video_bytes(name, seconds=0.5, width=64, height=48) for name in ("mp4", "webm")]
    pictures = [
        media.image_bytes(media.photo_like(64, 48), name)
        for name in ("jpeg", "png", "webp", "avif", "heic", "tiff", "gif")
    ]
    outcomes = {"read": 0, "refused": 0}
    for whole in (*pictures, *films, media.speech_wav(0.5)):
        for _ in range(12):
            data = np.frombuffer(whole, np.uint8).copy()
            places = rng.integers(12, data.size, 1 + data.size // 400)
            data[places] = rng.integers(0, 256, places.size)
            try:
                _read(reader, data.tobytes())
            except (MediaUndecodable, MediaTooLarge):
                outcomes["refused"] += 1
            else:
                outcomes["read"] += 1
    assert outcomes["read"] > 10
    assert outcomes["refused"] > 10


def _read(reader: MediaReader, data: bytes) -> None:
    """Whatever the probe says it is."""
    kind = reader.probe(_file(data)).kind
    if kind == "image":
        reader.image(_file(data))
    elif kind == "audio":
        reader.audio(_file(data))
    else:
        reader.video(_file(data), FrameBudget(frames=3))
