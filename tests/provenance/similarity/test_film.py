"""Copies of a film are found by its frames and by its sound, each in its own right."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from provenance.similarity.result import Match, Original, Via
from provenance.similarity.search import Index, Media, Prepared, prepare
from tests.media import RGB, photo_like
from tests.sounds import speech_like

RATE = 4
NOBODY = "f" * 64


def film_of(seeds: Sequence[int]) -> list[RGB]:
    """A second of slow pan over each of several scenes."""
    scenes = [photo_like(480, 360, seed=seed) for seed in seeds]
    return [
        np.ascontiguousarray(scene[40:280, 20 + 8 * step : 340 + 8 * step])
        for scene in scenes
        for step in range(RATE)
    ]


def described(frames: Sequence[RGB], *, speech: int | None = None, start: float = 0.0) -> Prepared:
    seconds = len(frames) / RATE
    sound = None if speech is None else speech_like(40.0, seed=speech)
    height, width = frames[0].shape[:2]
    return prepare(
        Media(
            pictures=np.stack(frames[::2]),
            times=[index / RATE for index in range(0, len(frames), 2)],
            samples=None
            if sound is None
            else sound[int(start * 16_000) :][: int(seconds * 16_000)],
            width=width,
            height=height,
            seconds=seconds,
        )
    )


def h264(frames: Sequence[RGB], crf: int = 35) -> list[RGB]:
    """Through an H.264 stream and back."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as sink:
        stream = sink.add_stream("libx264", rate=Fraction(RATE), options={"crf": str(crf)})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        sink.mux(stream.encode(None))
    out.seek(0)
    with av.open(out, "r") as source:
        return [np.asarray(f.to_ndarray(format="rgb24"), np.uint8) for f in source.decode(video=0)]


@pytest.fixture(scope="module")
def original() -> list[RGB]:
    return film_of(range(6))


@pytest.fixture(scope="module")
def index(original: list[RGB], tmp_path_factory: pytest.TempPathFactory) -> Index:
    made = Index(tmp_path_factory.mktemp("index"))
    known = Original(
        sha256="a" * 64,
        name="film.mp4",
        kind="video",
        media_type="video/mp4",
        width=320,
        height=240,
        seconds=6.0,
        added_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    made.add(described(original, speech=1), known, tenant="default")
    return made


def found(index: Index, prepared: Prepared) -> dict[Via, Match]:
    return {item.via: item for item in index.search(prepared, NOBODY, tenant="default")}


def test_a_strongly_compressed_film_is_found_whole(index: Index, original: list[RGB]) -> None:
    match = found(index, described(h264(original)))[Via.FRAMES]
    assert match.agreeing == 12
    assert (match.start, match.end) == (0.0, 6.0)
    assert match.scale == pytest.approx(1.0, abs=0.02)


def test_a_letterboxed_film_is_found_with_its_bars(index: Index, original: list[RGB]) -> None:
    boxed = [
        np.asarray(cv2.copyMakeBorder(f, 40, 40, 0, 0, cv2.BORDER_CONSTANT), np.uint8)
        for f in original
    ]
    match = found(index, described(h264(boxed)))[Via.FRAMES]
    assert match.filled == pytest.approx(240 / 320, abs=0.03)
    assert match.visible > 0.97


def test_an_excerpt_is_placed(index: Index, original: list[RGB]) -> None:
    part = h264(original[2 * RATE : 5 * RATE], crf=28)
    match = found(index, described(part))[Via.FRAMES]
    assert (match.start, match.end) == (2.0, 5.0)


def test_the_sound_of_a_film_under_other_pictures_is_found_by_itself(index: Index) -> None:
    matches = found(index, described(film_of(range(50, 54)), speech=1))
    assert set(matches) == {Via.SOUND}
    assert matches[Via.SOUND].original.name == "film.mp4"


def test_the_pictures_of_a_film_under_other_sound_are_found_by_themselves(
    index: Index, original: list[RGB]
) -> None:
    assert set(found(index, described(original, speech=2))) == {Via.FRAMES}


def test_another_film_is_no_copy(index: Index) -> None:
    assert found(index, described(film_of(range(70, 74)), speech=3)) == {}
