import io
import struct
import time

import pytest

from detectors.base import Kind
from detectors.media.sniff import HEAD_BYTES, sniff, sniff_file
from tests import bad_media, media
from tests.sounds import speech_like

IMAGES: tuple[media.ImageContainer, ...] = ("jpeg", "png", "webp", "avif", "heic", "tiff", "gif")
SOUNDS: tuple[media.AudioContainer, ...] = ("wav", "flac", "mp3", "opus", "m4a")
FILMS: tuple[media.VideoContainer, ...] = ("mp4", "mov", "webm", "mkv", "avi")


@pytest.mark.parametrize("container", IMAGES)
def test_every_picture_container_is_known_by_its_first_bytes(
    container: media.ImageContainer,
) -> None:
    found = sniff(media.image_bytes(media.photo_like(64, 48), container)[:HEAD_BYTES])
    assert (found.kind, found.container) == (Kind.IMAGE, container)
    assert found.media_type == f"image/{container}"


@pytest.mark.parametrize("container", SOUNDS)
def test_every_sound_container_is_known_by_its_first_bytes(container: media.AudioContainer) -> None:
    found = sniff(media.audio_bytes(speech_like(0.5), container)[:HEAD_BYTES])
    assert (found.kind, found.container) == (Kind.AUDIO, container)


@pytest.mark.parametrize("container", FILMS)
def test_every_film_container_is_known_by_its_first_bytes(container: media.VideoContainer) -> None:
    movie = media.video_bytes(container, seconds=0.5, width=64, height=48)
    assert sniff(movie[:HEAD_BYTES]).container == container


def test_an_mp3_without_a_tag_is_known_by_its_frame_header() -> None:
    tagged = media.audio_bytes(speech_like(0.5), "mp3")
    bare = tagged[tagged.index(b"\xff\xf3", 10) if b"\xff\xf3" in tagged[10:] else 10 :]
    assert sniff(bare[:HEAD_BYTES]).container == "mp3"


def test_flac_behind_an_id3_tag_is_flac() -> None:
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 0x40, 0]) + bytes(0x40 << 7)
    file = io.BytesIO(tag + media.audio_bytes(speech_like(0.2), "flac"))
    assert sniff_file(file).container == "flac"
    assert file.tell() == 0


def test_an_id3_tag_that_points_past_the_end_is_no_trouble() -> None:
    file = io.BytesIO(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(100))
    assert sniff_file(file).container == "mp3"


def test_a_dng_is_told_from_a_tiff_and_given_to_no_detector() -> None:
    tags = struct.pack("<H", 1) + struct.pack("<HHI4B", 0xC612, 1, 4, 1, 4, 0, 0)
    found = sniff(b"II*\x00" + struct.pack("<I", 8) + tags + bytes(4))
    assert (found.kind, found.container) == (None, "dng")


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"", "application/x-empty"),
        (bad_media.text(), "text/plain"),
        (bad_media.pdf(), "application/pdf"),
        (bad_media.zip_archive(), "application/zip"),
        (bad_media.random_bytes(), "application/octet-stream"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"\x00\x00\x10\x00jumb\x00\x00\x00\x1ejumd", "application/c2pa"),
        ("Überschrift".encode() * 600, "text/plain"),
    ],
)
def test_what_no_detector_reads_has_a_type_but_no_kind(head: bytes, media_type: str) -> None:
    found = sniff(head[:HEAD_BYTES])
    assert (found.kind, found.media_type) == (None, media_type)


def test_no_prefix_of_any_file_breaks_it() -> None:
    makers = (bad_media.truncated_wav, bad_media.truncated_mp4, bad_media.gif_of_frames)
    heads = [make()[:256] for make in makers]
    heads += [media.image_bytes(media.photo_like(32, 32), container)[:256] for container in IMAGES]
    for head in heads:
        for length in range(len(head)):
            assert sniff(head[:length]).media_type


def test_it_is_quick_enough_for_an_archive() -> None:
    head = media.video_bytes("webm", seconds=0.5, width=64, height=48)[:HEAD_BYTES]
    started = time.process_time()
    for _ in range(2000):
        sniff(head)
    assert (time.process_time() - started) / 2000 < 100e-6
