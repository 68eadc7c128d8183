import io
import math
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image as Pillow

from detectors.base import AUDIO_RATE, Kind, Sampled
from detectors.errors import DecoderCrashed, MediaError, MediaTooLarge, MediaUndecodable
from detectors.media.limits import MAX_TRACKS, MIB, Confinement, Limits
from detectors.media.notes import SENTENCES, Note
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import HandlerError, Part, Reply, Sandbox
from tests import media
from tests.detectors.media.test_sniff import FILMS, IMAGES, SOUNDS
from tests.sounds import music_like, speech_like

ROOT = Path(__file__).parents[3]
PHOTO = media.photo_like(160, 96)
TURNED = tuple(range(1, 9))


def _file(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _saved(image: Pillow.Image, container: str, **options: Any) -> BinaryIO:
    out = io.BytesIO()
    image.save(out, container, **options)
    return out


# --- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("container", IMAGES)
def test_every_picture_container_decodes_to_its_pixels(
    container: media.ImageContainer, reader: MediaReader
) -> None:
    image = reader.image(_file(media.image_bytes(PHOTO, container, quality=95)))
    assert image.container == container
    assert image.pixels.shape == PHOTO.shape
    assert image.pixels.dtype == np.uint8
    difference = np.abs(image.pixels.astype(int) - PHOTO).mean()
    assert difference == 0 if container in ("png", "tiff") else difference < 12


def test_a_jpeg_decodes_to_the_pixels_pillow_gives(reader: MediaReader) -> None:
    data = media.jpeg(media.photo_like(333, 201), quality=83)
    expected = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(reader.image(_file(data)).pixels, expected)


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("container", ["jpeg", "png", "tiff", "webp"])
def test_exif_orientation_is_applied(
    container: media.ImageContainer, orientation: int, reader: MediaReader
) -> None:
    upright = np.zeros((40, 64, 3), np.uint8)
    upright[:20, :32] = (250, 20, 20)
    metadata = media.Metadata(orientation=orientation)
    file = _file(media.image_bytes(_stored(upright, orientation), container, metadata=metadata))
    image, probe = reader.image(file), reader.probe(file)
    assert (probe.height, probe.width, probe.orientation) == (40, 64, orientation)
    assert image.pixels.shape == upright.shape
    np.testing.assert_allclose(image.pixels[10, 16], (250, 20, 20), atol=12)
    np.testing.assert_allclose(image.pixels[30, 48], 0, atol=12)
    assert (Note.ORIENTATION_APPLIED in image.notes) == (orientation != 1)


def _stored(upright: media.RGB, orientation: int) -> media.RGB:
    """How a camera held that way would have stored the picture."""
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, 3),
    }
    return np.ascontiguousarray(stored[orientation])


@pytest.mark.parametrize("quality", [35, 50, 75, 90, 97])
def test_jpeg_quality_is_read_from_the_tables(quality: int, reader: MediaReader) -> None:
    image = reader.image(_file(media.jpeg(PHOTO, quality)))
    assert image.jpeg_quality is not None
    assert abs(image.jpeg_quality - quality) <= 1


def test_only_a_jpeg_has_a_jpeg_quality(reader: MediaReader) -> None:
    assert reader.image(_file(media.png(PHOTO))).jpeg_quality is None


def test_greyscale_becomes_rgb_and_says_so(reader: MediaReader) -> None:
    grey = Pillow.fromarray(PHOTO).convert("L")
    for container in ("JPEG", "PNG"):
        image = reader.image(_saved(grey, container))
        assert image.pixels.shape == PHOTO.shape
        assert (image.pixels[..., 0] == image.pixels[..., 2]).all()
        assert Note.GREYSCALE in image.notes


def test_sixteen_bits_become_eight(reader: MediaReader) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    image = reader.image(_saved(Pillow.fromarray(ramp), "PNG"))
    np.testing.assert_array_equal(image.pixels[..., 0], ramp >> 8)
    assert Note.REDUCED_TO_8_BITS in image.notes


def test_cmyk_is_converted_and_says_so(reader: MediaReader) -> None:
    image = reader.image(_saved(Pillow.fromarray(PHOTO).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(image.pixels.astype(int) - PHOTO).mean() < 12
    assert Note.CONVERTED_FROM_CMYK in image.notes


def test_transparent_parts_are_laid_over_white(reader: MediaReader) -> None:
    alpha = np.full((*PHOTO.shape[:2], 1), 255, np.uint8)
    alpha[:48] = 0
    rgba = Pillow.fromarray(np.concatenate([PHOTO, alpha], axis=2))
    image = reader.image(_saved(rgba, "PNG"))
    assert (image.pixels[:48] == 255).all()
    np.testing.assert_array_equal(image.pixels[48:], PHOTO[48:])
    assert Note.ALPHA_COMPOSITED in image.notes


def test_an_alpha_channel_that_hides_nothing_leaves_the_pixels_alone(reader: MediaReader) -> None:
    image = reader.image(_saved(Pillow.fromarray(PHOTO).convert("RGBA"), "PNG"))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert image.notes == ()


def test_a_palette_with_transparency_is_read(reader: MediaReader) -> None:
    palette = Pillow.fromarray(PHOTO).quantize(16)
    image = reader.image(_saved(palette, "PNG", transparency=0))
    assert image.pixels.shape == PHOTO.shape


def test_an_ignored_colour_profile_is_noted(reader: MediaReader) -> None:
    file = _saved(Pillow.fromarray(PHOTO), "JPEG", icc_profile=b"profile" * 20)
    assert Note.COLOUR_PROFILE_IGNORED in reader.image(file).notes
    assert Note.COLOUR_PROFILE_IGNORED in reader.probe(file).notes


def test_damage_inside_a_jpeg_is_noted_and_the_rest_is_read(reader: MediaReader) -> None:
    data = media.jpeg(PHOTO)
    image = reader.image(_file(data[:-2] + b"\x12\x34\x56" + data[-2:]))
    assert image.pixels.shape == PHOTO.shape
    assert image.notes == (Note.DAMAGED,)


def test_the_pixel_limit_counts_before_decoding() -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox, Limits(pixels=160 * 96 - 1))
        for container in IMAGES:
            file = _file(media.image_bytes(PHOTO, container))
            with pytest.raises(MediaTooLarge, match="160 x 96"):
                reader.image(file)
            with pytest.raises(MediaTooLarge):
                reader.probe(file)
        with pytest.raises(MediaTooLarge):
            reader.video(_file(media.video_bytes(seconds=0.5, width=320)), FrameBudget(frames=1))


def test_the_preview_in_exif_comes_along(reader: MediaReader) -> None:
    preview = media.jpeg(PHOTO[::4, ::4], 80)
    image = reader.image(_file(media.with_thumbnail(media.jpeg(PHOTO, 90), preview)))
    assert image.thumbnail is not None
    assert image.thumbnail.shape == PHOTO[::4, ::4].shape
    assert np.abs(image.thumbnail.astype(int) - PHOTO[::4, ::4]).mean() < 12


@pytest.mark.parametrize("preview", [b"", b"\xff\xd8\xff", b"no JPEG at all" * 9])
def test_a_preview_that_cannot_be_read_is_left_out(reader: MediaReader, preview: bytes) -> None:
    image = reader.image(_file(media.with_thumbnail(media.jpeg(PHOTO, 90), preview)))
    assert image.thumbnail is None


def test_a_large_preview_is_left_out(reader: MediaReader) -> None:
    preview = media.jpeg(np.zeros((600, 40, 3), np.uint8), 50)
    image = reader.image(_file(media.with_thumbnail(media.jpeg(PHOTO, 90), preview)))
    assert image.thumbnail is None
    assert image.pixels.shape == PHOTO.shape


# --- sound --------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", SOUNDS)
def test_every_sound_container_decodes_to_the_same_sound(
    container: media.AudioContainer, reader: MediaReader
) -> None:
    samples = speech_like(2.0)
    audio = reader.audio(_file(media.audio_bytes(samples, container)))
    assert audio.container == container
    assert audio.samples.dtype == np.float32
    assert abs(audio.seconds - 2.0) < 0.15  # AAC pads both ends
    assert _likeness(audio.samples, samples) > (0.999 if container in ("wav", "flac") else 0.8)


def _likeness(heard: media.Samples, made: media.Samples) -> float:
    """Largest normalised correlation over the delays a codec may add."""
    made = made[2000:-4000]
    scores = []
    for delay in range(-1200, 2400):
        part = heard[2000 + delay : 2000 + delay + made.size]
        if part.size == made.size:
            scores.append(float(part @ made / (np.linalg.norm(part) * np.linalg.norm(made) + 1e-9)))
    return max(scores)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_sound_is_resampled_once_to_the_common_rate(rate: int, reader: MediaReader) -> None:
    time = np.arange(rate) / rate
    tone = (0.5 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    audio = reader.audio(_file(media.audio_bytes(tone, "wav", rate=rate)))
    assert (audio.source_rate, audio.samples.shape) == (rate, (AUDIO_RATE,))
    spectrum = np.abs(np.fft.rfft(audio.samples[2000:-2000] * np.hanning(AUDIO_RATE - 4000)))
    assert abs(spectrum.argmax() * AUDIO_RATE / (AUDIO_RATE - 4000) - 1000) < 5
    assert abs(np.abs(audio.samples).max() - 0.5) < 0.02


def test_frequencies_beyond_the_common_rate_are_filtered_not_folded(reader: MediaReader) -> None:
    time = np.arange(48_000) / 48_000
    tone = (0.5 * np.sin(2 * np.pi * 11_000 * time)).astype(np.float32)
    audio = reader.audio(_file(media.audio_bytes(tone, "wav", rate=48_000)))
    assert np.abs(audio.samples[1000:-1000]).max() < 1e-3


def test_stereo_is_mixed_to_mono(reader: MediaReader) -> None:
    left, right = speech_like(1.0), music_like(1.0)
    audio = reader.audio(_file(media.audio_bytes(np.stack([left, right], 1), "wav")))
    np.testing.assert_allclose(audio.samples, (left + right) / 2, atol=2e-4)


def test_sound_past_the_limit_is_cut_and_says_so() -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox, Limits(audio_seconds=1.0))
        audio = reader.audio(_file(media.audio_bytes(speech_like(3.0), "flac")))
    assert audio.seconds == 1.0
    assert audio.notes == (Note.CUT_AT_LIMIT,)


def test_long_sound_is_never_held_twice() -> None:
    silence = np.zeros(600 * AUDIO_RATE, np.float32)
    once = silence.nbytes + 24 * MIB  # what decoding takes besides is less, the sound is more
    with Sandbox(handler=HANDLER, confinement=Confinement(memory_bytes=once)) as sandbox:
        reader = MediaReader(sandbox, Limits(audio_seconds=600.0))
        assert reader.audio(_file(media.audio_bytes(silence, "flac"))).seconds == 600.0


def test_a_wav_that_ends_early_gives_what_is_there_and_says_so(reader: MediaReader) -> None:
    whole = media.speech_wav(2.0)
    audio = reader.audio(_file(whole[: len(whole) // 2]))
    assert 0.9 < audio.seconds < 1.1
    assert Note.SHORTER_THAN_DECLARED in audio.notes


def test_a_wav_from_a_recorder_that_could_not_seek_back_is_whole(reader: MediaReader) -> None:
    wave = bytearray(media.speech_wav(1.0))
    for place in (4, wave.index(b"data") + 4):
        struct.pack_into("<I", wave, place, 0xFFFFFFFF)
    audio = reader.audio(_file(bytes(wave)))
    assert (audio.seconds, audio.notes) == (1.0, ())


def test_samples_that_are_no_numbers_are_refused(reader: MediaReader) -> None:
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 436, b"WAVE", b"fmt ", 16, 3, 1, 16000,
                         64000, 4, 32, b"data", 400)  # fmt: skip
    data = np.full(100, np.nan, np.float32).tobytes()
    with pytest.raises(MediaUndecodable, match="not numbers"):
        reader.audio(_file(header + data))


# --- film ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", FILMS)
def test_every_film_container_gives_frames_times_shots_and_sound(
    container: media.VideoContainer, reader: MediaReader
) -> None:
    film = media.video_bytes(container, seconds=3.0, shots=3, sound=speech_like(3.0))
    video = reader.video(_file(film), FrameBudget(frames=9))
    assert video.container == container
    assert video.frames.shape == (9, 240, 320, 3)
    assert abs(video.seconds - 3.0) < 0.15
    np.testing.assert_allclose(video.times, (np.arange(9) + 0.5) / 3, atol=0.2)
    assert video.shot.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert video.audio is not None
    assert abs(video.audio.seconds - 3.0) < 0.15


@pytest.mark.parametrize("container", FILMS)
def test_sampled_frames_are_those_of_their_times(
    container: media.VideoContainer, reader: MediaReader
) -> None:
    made = list(media.moving_frames(320, 240, 24))
    video = reader.video(_file(media.video_bytes(container, seconds=2.0)), FrameBudget(frames=6))
    for frame, time in zip(video.frames, video.times, strict=True):
        difference = np.abs(made[round(time * 12)].astype(int) - frame).mean()
        assert difference < 12


def test_a_film_can_be_asked_for_every_frame(reader: MediaReader) -> None:
    film = _file(media.video_bytes(seconds=1.0))
    video = reader.video(film, FrameBudget(frames=100))
    assert video.frames.shape[0] == 12
    np.testing.assert_allclose(video.times, np.arange(12) / 12, atol=1e-3)


def test_frames_come_at_the_size_asked_for_and_never_larger(reader: MediaReader) -> None:
    film = _file(media.video_bytes(seconds=0.5))
    assert reader.video(film, FrameBudget(frames=2, short_side=120)).frames.shape[1:3] == (120, 160)
    assert reader.video(film, FrameBudget(frames=2, short_side=999)).frames.shape[1:3] == (240, 320)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_film_is_turned_as_its_display_matrix_asks(rotation: int, reader: MediaReader) -> None:
    plain = reader.video(_file(media.video_bytes(seconds=0.5)), FrameBudget(frames=2))
    film = _file(media.video_bytes(seconds=0.5, rotation=rotation))
    turned = reader.video(film, FrameBudget(frames=2))
    expected = np.rot90(plain.frames, -rotation // 90, axes=(1, 2))
    np.testing.assert_array_equal(turned.frames, expected)
    probe = reader.probe(film)
    assert (probe.height, probe.width) == turned.frames.shape[1:3]


def test_a_long_still_shot_is_one_shot(reader: MediaReader) -> None:
    film = _file(media.video_bytes(seconds=4.0, shots=1))
    assert set(reader.video(film, FrameBudget(frames=16)).shot.tolist()) == {0}


def test_a_film_past_the_limit_is_cut_and_says_so() -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox, Limits(video_seconds=1.0))
        video = reader.video(_file(media.video_bytes(seconds=3.0)), FrameBudget(frames=4))
    assert video.times.max() < 1.1
    assert Note.CUT_AT_LIMIT in video.notes


def test_frames_that_would_not_fit_are_left_out_and_it_says_so() -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox, Limits(frame_bytes=3 * 320 * 240 * 3))
        video = reader.video(_file(media.video_bytes(seconds=1.0)), FrameBudget(frames=8))
    assert video.frames.shape[0] == 3
    assert Note.FEWER_FRAMES in video.notes


def test_a_film_without_sound_has_none(reader: MediaReader) -> None:
    film = _file(media.video_bytes(seconds=0.5))
    assert reader.video(film, FrameBudget(frames=1)).audio is None
    assert not reader.probe(film).has_audio
    with pytest.raises(MediaUndecodable, match="no sound"):
        reader.audio(film)


def test_the_sound_of_a_film_can_be_asked_for_alone(reader: MediaReader) -> None:
    audio = reader.audio(_file(media.video_with_sound("mov", 2.0)))
    assert (audio.container, round(audio.seconds)) == ("mov", 2)


# --- probing ------------------------------------------------------------------------------------


def test_probing_tells_kind_size_length_and_codecs(reader: MediaReader) -> None:
    probe = reader.probe(_file(media.video_with_sound("webm", 2.0)))
    assert (probe.kind, probe.codec, probe.audio_codec) == (Kind.VIDEO, "vp8", "opus")
    assert (probe.width, probe.height, probe.fps) == (480, 270, 12.0)
    assert probe.seconds is not None
    assert abs(probe.seconds - 2.0) < 0.1


def test_an_mp4_with_nothing_but_sound_is_a_recording(reader: MediaReader) -> None:
    data = media.audio_bytes(speech_like(1.0), "m4a").replace(b"M4A ", b"isom")
    probe = reader.probe(_file(data))
    assert (probe.kind, probe.container, probe.codec) == (Kind.AUDIO, "m4a", "aac")
    with pytest.raises(MediaUndecodable, match="no moving picture"):
        reader.video(_file(data), FrameBudget(frames=1))


def test_this_process_loads_no_decoder() -> None:
    code = (
        "import sys, detectors.media.reader, detectors.media.sandbox, detectors.media.sniff;"
        "print(sorted({'av', 'cv2', 'PIL', 'soxr', 'simplejpeg'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_every_note_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Note)


# --- a decoder that lies ------------------------------------------------------------------------


class _Liar:
    """Stands where a sandbox stands, and answers what it was told to."""

    def __init__(self, reply: Reply | HandlerError, parts: Sequence[Reply] = ()) -> None:
        self._reply = reply
        self._parts = parts

    def call(
        self, request: object, file: object = None, *, seconds: float, part: Part | None = None
    ) -> Reply:
        for each in self._parts:
            assert part is not None
            part(each)
        if isinstance(self._reply, HandlerError):
            raise self._reply
        return self._reply


_PICTURE = {"container": "png", "codec": "png", "width": 4, "height": 2}
_PIXELS = np.zeros((2, 4, 3), np.uint8)
_FILM = {"container": "mp4", "seconds": 1.0, "notes": [], "left_out": []}
_SAMPLED = {"of": 2, "seconds": 0.5, "shot": 1, "container": "mp4"}
_FRAME = np.zeros((4, 4, 3), np.uint8)


def _part(pixels: Any = _FRAME, **said: Any) -> Reply:
    return Reply({**_SAMPLED, **said}, {"pixels": pixels})


def test_honest_replies_pass() -> None:
    reader = MediaReader(_Liar(Reply(dict(_PICTURE), {"pixels": _PIXELS})))
    assert reader.image(_file(b"")).pixels.shape == (2, 4, 3)
    reader = MediaReader(_Liar(Reply(dict(_FILM), {}), [_part(), _part()]))
    assert reader.video(_file(b""), FrameBudget(frames=2)).frames.shape == (2, 4, 4, 3)
    reader = MediaReader(_Liar(Reply(dict(_FILM), {}), [_part()]))
    assert reader.video(_file(b""), FrameBudget(frames=2)).frames.shape == (1, 4, 4, 3)


@pytest.mark.parametrize(
    ("body", "pixels"),
    [
        ({"container": "exe"}, _PIXELS),
        ({"jpeg_quality": 300}, _PIXELS),
        ({"notes": ["<script>"]}, _PIXELS),
        ({"surprise": 1}, _PIXELS),
        ({"width": 5}, _PIXELS),
        ({"width": 0}, np.zeros((2, 0, 3), np.uint8)),
        ({}, _PIXELS.astype(np.float32)),
        ({}, _PIXELS[..., :1]),
        ({}, _PIXELS[0]),
    ],
)
def test_a_picture_out_of_bounds_is_a_crash(body: dict[str, Any], pixels: Any) -> None:
    reader = MediaReader(_Liar(Reply({**_PICTURE, **body}, {"pixels": pixels})))
    with pytest.raises(DecoderCrashed):
        reader.image(_file(b""))


@pytest.mark.parametrize(
    "left_out",
    [
        [{"kind": "image", "number": 1, "of": 2}],
        [{"kind": "audio", "number": 0, "of": 2}],
        [{"kind": "audio", "number": 1, "of": 2}] * (MAX_TRACKS + 1),
        [{"kind": "audio", "number": 1, "of": 2, "name": "<script>"}],
    ],
)
def test_tracks_out_of_bounds_are_a_crash(left_out: list[dict[str, Any]]) -> None:
    reader = MediaReader(_Liar(Reply({**_FILM, "left_out": left_out}, {}), [_part()]))
    with pytest.raises(DecoderCrashed):
        reader.video(_file(b""), FrameBudget(frames=2))


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [_part(), _part(seconds=0.4)],
        [_part(seconds=-1.0)],
        [_part(seconds=math.inf)],
        [_part(), _part(shot=0)],
        [_part(shot=2**31)],
        [_part(of=0)],
        [_part(of=3)],
        [_part(), _part(of=1)],
        [_part(), _part(), _part()],
        [_part(np.zeros((0, 4, 3), np.uint8))],
        [_part(np.zeros((4, 4, 4), np.uint8))],
        [_part(np.zeros((4, 4, 3), np.float32))],
        [_part(), _part(np.zeros((4, 8, 3), np.uint8))],
        [_part(container="exe")],
        [_part(surprise=1)],
        [_part(np.zeros((400, 400, 3), np.uint8)), _part()],
    ],
)
def test_a_film_out_of_order_is_a_crash(parts: list[Reply]) -> None:
    reader = MediaReader(_Liar(Reply(dict(_FILM), {}), parts), Limits(frame_bytes=1000))
    with pytest.raises(DecoderCrashed):
        reader.video(_file(b""), FrameBudget(frames=2))


def test_frames_are_heard_of_as_they_come_and_are_those_of_the_film(reader: MediaReader) -> None:
    came: list[Sampled] = []
    film = reader.video(
        _file(media.video_bytes(seconds=2.0)), FrameBudget(frames=6), seen=came.append
    )
    assert [frame.seconds for frame in came] == film.times.tolist()
    assert [frame.shot for frame in came] == film.shot.tolist()
    assert {(frame.of, frame.container) for frame in came} == {(6, "mp4")}
    for frame, pixels in zip(came, film.frames, strict=True):
        assert np.shares_memory(frame.pixels, film.frames)
        np.testing.assert_array_equal(frame.pixels, pixels)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5])
def test_sound_out_of_bounds_is_a_crash(value: float) -> None:
    body = {"container": "wav", "source_rate": 16000, "notes": []}
    samples = np.array([0.0, value], np.float32)
    reader = MediaReader(_Liar(Reply(body, {"samples": samples})))
    with pytest.raises(DecoderCrashed):
        reader.audio(_file(b""))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("media_undecodable", MediaUndecodable),
        ("media_too_large", MediaTooLarge),
        ("out_of_memory", MediaTooLarge),
        ("anything_else", MediaUndecodable),
    ],
)
def test_codes_from_the_child_become_our_errors(code: str, kind: type[MediaError]) -> None:
    reader = MediaReader(_Liar(HandlerError(code, "because")))
    with pytest.raises(kind, match="because"):
        reader.probe(_file(b""))
