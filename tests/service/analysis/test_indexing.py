"""Files of every kind go through the decoder into the index, and their copies lead back to them."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.errors import MediaError
from detectors.media.limits import Limits
from provenance.similarity.result import Match, Via
from service.analysis.config import PipelineConfig
from service.analysis.indexing import Librarian
from service.analysis.media_index import MediaIndex
from service.analysis.source import Source
from service.scans.intake import source_from_stream
from tests import media
from tests.sounds import speech_like


@pytest.fixture
def librarian(tmp_path: Path) -> Iterator[Librarian]:
    config = PipelineConfig(trust_dir=tmp_path / "trust", limits=Limits(), children=1)
    with Librarian(config, MediaIndex(tmp_path / "index")) as made:
        yield made


def source(data: bytes, name: str = "file", tenant: str = "default") -> Source:
    return replace(source_from_stream(io.BytesIO(data), name), tenant=tenant)


def matches(librarian: Librarian, data: bytes, tenant: str = "default") -> dict[Via, Match]:
    with (wanted := source(data, tenant=tenant)).file:
        return {item.via: item for item in librarian.search(wanted)}


def added(librarian: Librarian, data: bytes, name: str = "file") -> bool:
    with (original := source(data, name)).file:
        return librarian.add(original)


def test_a_film_of_another_codec_is_found_by_its_frames_and_by_its_sound(
    librarian: Librarian,
) -> None:
    sound = speech_like(6.0)
    assert added(librarian, media.video_bytes("mp4", seconds=6.0, sound=sound), "film.mp4")
    found = matches(librarian, media.video_bytes("webm", seconds=6.0, sound=sound))
    assert set(found) == {Via.FRAMES, Via.SOUND}
    original = found[Via.FRAMES].original
    assert (original.name, original.kind) == ("film.mp4", "video")
    assert original.seconds == pytest.approx(6.0, abs=0.2)
    assert original.provenance is not None


def test_the_sound_of_a_film_alone_leads_to_the_film(librarian: Librarian) -> None:
    sound = speech_like(8.0)
    added(librarian, media.video_bytes("mp4", seconds=8.0, sound=sound), "film.mp4")
    found = matches(librarian, media.audio_bytes(sound, "mp3"))
    assert set(found) == {Via.SOUND}
    assert found[Via.SOUND].original.kind == "video"


def test_the_same_content_is_added_once_and_decoded_once(librarian: Librarian) -> None:
    photo = media.jpeg(media.photo_like(320, 240))
    assert added(librarian, photo)
    assert not added(librarian, photo, "another name")
    assert set(matches(librarian, photo)) == {Via.BYTES}
    assert matches(librarian, photo, tenant="other") == {}


def test_what_cannot_be_decoded_is_not_added(librarian: Librarian, tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        added(librarian, media.jpeg(media.photo_like(320, 240))[:300])
    assert not MediaIndex(tmp_path / "index").exists
