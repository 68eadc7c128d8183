"""Films come out as players show them: track, orientation, shape, range and clock."""

import io
from fractions import Fraction
from typing import BinaryIO

import numpy as np
import pytest

from detectors.base import Kind, LeftOut, Video
from detectors.media.notes import Note
from detectors.media.reader import FrameBudget, MediaReader
from tests import media
from tests.sounds import speech_like
from tests.tracks import (
    LEFT_ALONE,
    PLAYED,
    Pictures,
    Sounds,
    disabled,
    hlg_film,
    muxed,
    remuxed,
    with_matrix,
)

FILM = tuple(media.moving_frames(320, 240, 48))
NEGATIVE = tuple(255 - frame for frame in FILM)
B_FRAMES = (("bf", "3"), ("preset", "veryfast"), ("g", "12"), ("sc_threshold", "0"))
WAYS = {
    (1, 0, 0, 1): lambda frames: frames,
    (-1, 0, 0, 1): lambda frames: frames[:, :, ::-1],
    (1, 0, 0, -1): lambda frames: frames[:, ::-1],
    (-1, 0, 0, -1): lambda frames: frames[:, ::-1, ::-1],
    (0, 1, 1, 0): lambda frames: frames.transpose(0, 2, 1, 3),
    (0, 1, -1, 0): lambda frames: np.rot90(frames, -1, axes=(1, 2)),
    (0, -1, 1, 0): lambda frames: np.rot90(frames, 1, axes=(1, 2)),
    (0, -1, -1, 0): lambda frames: np.rot90(frames, 2, axes=(1, 2)).transpose(0, 2, 1, 3),
}


def _file(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _read(reader: MediaReader, film: bytes, frames: int = 4) -> Video:
    return reader.video(_file(film), FrameBudget(frames=frames))


@pytest.mark.parametrize("matrix", WAYS)
def test_all_eight_orientations_are_applied_exactly(
    matrix: tuple[int, int, int, int], reader: MediaReader
) -> None:
    film = media.video_bytes(seconds=0.5)
    plain, shown = _read(reader, film), _read(reader, with_matrix(film, *matrix))
    np.testing.assert_array_equal(shown.frames, WAYS[matrix](plain.frames))
    assert (Note.MIRRORED_OR_TURNED in shown.notes) == (matrix != (1, 0, 0, 1))
    probe = reader.probe(_file(with_matrix(film, *matrix)))
    assert (probe.height, probe.width) == shown.frames.shape[1:3]


@pytest.mark.parametrize("matrix", [(0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 0, 1)])
def test_a_matrix_that_shows_nothing_is_ignored(
    matrix: tuple[int, int, int, int], reader: MediaReader
) -> None:
    film = media.video_bytes(seconds=0.5)
    shown = _read(reader, with_matrix(film, *matrix))
    np.testing.assert_array_equal(shown.frames, _read(reader, film).frames)
    assert shown.notes == ()


@pytest.mark.parametrize("matrix", [(0.8, 0.6, -0.6, 0.8), (0.8, -0.6, -0.6, -0.8)])
def test_odd_angles_are_left_undone_and_it_says_so(
    matrix: tuple[float, float, float, float], reader: MediaReader
) -> None:
    film = media.video_bytes(seconds=0.5)
    shown = _read(reader, with_matrix(film, *matrix))
    np.testing.assert_array_equal(shown.frames, _read(reader, film).frames)
    assert shown.notes == (Note.ODD_ANGLE_IGNORED,)


@pytest.mark.parametrize(
    ("shape", "size"), [(Fraction(64, 45), (169, 320)), (Fraction(1, 2), (240, 160))]
)
def test_frames_get_the_shape_that_players_show(
    shape: Fraction, size: tuple[int, int], reader: MediaReader
) -> None:
    film = muxed("mp4", Pictures(frames=FILM, shape=shape))
    shown, probe = _read(reader, film), reader.probe(_file(film))
    assert shown.frames.shape[1:3] == size == (probe.height, probe.width)
    assert Note.PIXELS_NOT_SQUARE in shown.notes


def test_pixels_of_an_absurd_shape_are_taken_as_square(reader: MediaReader) -> None:
    shown = _read(reader, muxed("matroska", Pictures(frames=FILM, shape=Fraction(1, 200))))
    assert shown.frames.shape[1:3] == (240, 320)
    assert Note.ODD_PIXELS_IGNORED in shown.notes


def test_high_dynamic_range_is_brought_to_the_look_of_an_ordinary_film(
    reader: MediaReader,
) -> None:
    photo = media.photograph(320, 240)
    shown = _read(reader, hlg_film([photo] * 6))
    assert np.abs(shown.frames.astype(int) - photo).mean() < 8  # read as it is coded: 22
    assert {Note.HDR_CONVERTED, Note.REDUCED_TO_8_BITS} <= set(shown.notes)


@pytest.mark.parametrize("depth", ["gray", "gray10le"])
@pytest.mark.parametrize(("kind", "black", "white"), [("limited", 16, 235), ("full", 0, 255)])
def test_a_film_without_colour_is_as_dark_and_bright_as_its_range_says(
    kind: str, black: int, white: int, depth: str, reader: MediaReader
) -> None:
    ramp = np.tile(np.linspace(0, 255, 128).astype(np.uint8)[:, None], (96, 1, 3))
    coded = (black + ramp * ((white - black) / 255)).round().astype(np.uint8)
    options = (("x265-params", f"log-level=none:range={kind}"), ("crf", "4"))
    track = Pictures(frames=[coded] * 4, codec="libx265", pixel_format=depth, options=options)
    shown = _read(reader, muxed("matroska", track))
    assert np.abs(shown.frames.astype(int) - ramp).max() <= 4  # limited read as full: 20


def test_ten_bits_and_interlacing_are_noted(reader: MediaReader) -> None:
    deep = muxed("mp4", Pictures(frames=FILM, pixel_format="yuv420p10le"))
    assert _read(reader, deep).notes == (Note.REDUCED_TO_8_BITS,)
    fields = muxed("mp4", Pictures(frames=FILM, options=(("x264-params", "interlaced=1"),)))
    assert Note.INTERLACED in _read(reader, fields).notes


@pytest.mark.parametrize("frames", [1, 5, 8, 11, 16, 100])
def test_avi_gives_the_frames_of_the_same_packets_in_mp4(frames: int, reader: MediaReader) -> None:
    film = muxed("mp4", Pictures(frames=FILM, options=B_FRAMES))
    one, other = _read(reader, film, frames), _read(reader, remuxed(film, "avi"), frames)
    np.testing.assert_array_equal(other.frames, one.frames)
    np.testing.assert_allclose(other.times, one.times, atol=1e-6)
    assert other.seconds == one.seconds == 2.0


def test_the_enabled_picture_track_is_judged_and_the_other_named(reader: MediaReader) -> None:
    both = muxed("mp4", Pictures(frames=NEGATIVE), Pictures(frames=FILM, flags=PLAYED))
    shown = _read(reader, disabled(both, 0))
    np.testing.assert_array_equal(
        shown.frames, _read(reader, muxed("mp4", Pictures(frames=FILM))).frames
    )
    assert shown.left_out == (LeftOut(kind=Kind.VIDEO, number=1, of=2),)


def test_the_default_track_of_matroska_is_judged(reader: MediaReader) -> None:
    second = muxed(
        "matroska",
        Pictures(frames=NEGATIVE, flags=LEFT_ALONE),
        Pictures(frames=FILM, flags=PLAYED),
    )
    shown = _read(reader, second)
    assert np.abs(shown.frames[0].astype(int) - FILM[0]).mean() < 20
    assert [track.number for track in shown.left_out] == [1]


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_picture_track_of_one_frame_beside_sound_is_a_cover(
    container: str, reader: MediaReader
) -> None:
    file = _file(muxed(container, Sounds(samples=speech_like(2.0)), Pictures(frames=FILM[:1])))
    assert reader.probe(file).kind is Kind.AUDIO
    audio = reader.audio(file)
    assert audio.seconds == pytest.approx(2.0, abs=0.15)
    assert audio.notes == (Note.STILL_PICTURE_LEFT_OUT,)


def test_a_film_in_ogg_is_found_behind_its_sound(reader: MediaReader) -> None:
    sound = Sounds(samples=speech_like(2.0, rate=48_000), codec="libopus", rate=48_000)
    film = muxed("ogg", sound, Pictures(frames=FILM, codec="libvpx"))
    assert reader.probe(_file(film)).kind is Kind.VIDEO
    shown = _read(reader, film)
    assert shown.seconds == pytest.approx(2.0, abs=0.05)
    assert shown.audio is not None
    assert shown.audio.seconds == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    ("muxer", "container", "codec", "sound"),
    [
        ("mpegts", "mpegts", "libx264", "aac"),
        ("mpeg", "mpegps", "mpeg2video", "mp2"),
        ("asf", "asf", "wmv2", "wmav2"),
        ("flv", "flv", "libx264", "aac"),
    ],
)
def test_films_of_recorders_and_old_computers_are_read(
    muxer: str, container: str, codec: str, sound: str, reader: MediaReader
) -> None:
    speech = Sounds(samples=speech_like(2.0, rate=44_100), codec=sound, rate=44_100)
    film = muxed(muxer, Pictures(frames=FILM, codec=codec), speech)
    shown = _read(reader, film, frames=8)
    assert (shown.container, shown.notes) == (container, ())
    assert shown.seconds == pytest.approx(2.0, abs=0.05)
    for frame, time in zip(shown.frames, shown.times, strict=True):
        assert np.abs(FILM[round(time * 24)].astype(int) - frame).mean() < 16
    assert shown.audio is not None
    assert shown.audio.seconds == pytest.approx(2.0, abs=0.1)
