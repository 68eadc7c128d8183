"""Faces of films are followed, judged as tracks and shown in time, on drawn faces."""

import io
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from detectors.base import Image, Observation, Span, Video
from detectors.errors import CardInvalid, NotApplicable
from detectors.faces.find import Face
from detectors.faces.swap import FaceSwapDetector
from detectors.faces.track import tracks
from detectors.media.limits import Limits
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.registry import card_of, load, named
from detectors.result import Reason
from detectors.video.faces import MOST_SIGHTINGS, FaceTracksDetector, spans, thinned, usable
from tests.faces import face_like
from tests.media import photo_like, video_bytes

RGB = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def detector() -> FaceTracksDetector:
    found = load(named("video.face_swap"))
    assert isinstance(found, FaceTracksDetector)
    return found


def film(frames: list[RGB], shot: list[int] | None = None) -> Video:
    """One frame a second."""
    return Video(
        frames=np.stack(frames),
        times=np.arange(len(frames), dtype=np.float64) + 0.5,
        shot=np.array(shot or [0] * len(frames), np.int32),
        seconds=float(len(frames)),
        container="mp4",
    )


def found(x: float, side: float = 100.0) -> Face:
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)
    return Face(mesh=corners * np.float32(side) + np.float32(x), score=0.9)


def judged(detector: FaceTracksDetector, media: Video) -> Observation:
    return detector.observe(media)


def refusal(detector: FaceTracksDetector, media: Video) -> Reason:
    with pytest.raises(NotApplicable) as refused:
        detector.observe(media)
    return refused.value.reason


def test_one_face_is_one_track_over_the_whole_film(detector: FaceTracksDetector) -> None:
    seen = judged(detector, film([face_like(centre=(180 + 10 * n, 150), seed=n) for n in range(5)]))
    assert [(span.start, span.end, span.label) for span in seen.spans] == [
        (n, n + 1, "face 1") for n in range(5)
    ]
    assert seen.facts["faces"] == 1
    assert seen.facts["frames_of_one_face"] == 5
    assert 120 < seen.facts["largest_face_px"] < 240


def test_the_score_is_that_of_the_faces_in_the_single_frames(detector: FaceTracksDetector) -> None:
    frames = [face_like(centre=(180 + 10 * n, 150), seed=n) for n in range(4)]
    pictures = load(named("image.face_swap"))
    alone = sorted(pictures.observe(Image(pixels=f, container="png")).raw for f in frames)
    assert judged(detector, film(frames)).raw == pytest.approx(np.mean(alone[1:3]), abs=1e-4)


def test_one_odd_frame_does_not_move_the_score(detector: FaceTracksDetector) -> None:
    frames = [face_like(seed=n) for n in range(8)]
    odd = face_like(seed=99)
    odd[60:240, 100:300:2] = 255
    pictures = load(named("image.face_swap"))
    usual, other = (
        pictures.observe(Image(pixels=pixels, container="png")).raw for pixels in (frames[4], odd)
    )
    plain = judged(detector, film(frames)).raw
    moved = judged(detector, film([*frames[:4], odd, *frames[5:]])).raw
    by_the_mean = abs(other - usual) / len(frames)
    assert abs(moved - plain) < by_the_mean / 2


def test_two_people_are_two_tracks_named_as_they_appear(detector: FaceTracksDetector) -> None:
    def both(n: int) -> RGB:
        left = face_like(300, 300, centre=(150, 150), side=150, seed=n)
        right = (
            face_like(300, 300, centre=(150, 150), side=190, seed=n + 50)
            if n
            else np.full((300, 300, 3), 120, np.uint8)
        )
        return np.hstack([left, right])

    seen = judged(detector, film([both(n) for n in range(5)]))
    starts = {span.label: span.start for span in reversed(seen.spans)}
    assert starts == {"face 1": 0.0, "face 2": 1.0}
    assert seen.facts["faces"] == 2


def test_a_film_without_faces_is_not_judged(detector: FaceTracksDetector) -> None:
    frames = [photo_like(320, 240, seed=n) for n in range(4)]
    assert refusal(detector, film(frames)) is Reason.NO_FACE


def test_a_film_of_small_faces_is_not_judged(detector: FaceTracksDetector) -> None:
    frames = [face_like(1200, 900, centre=(600, 300), side=50, seed=n) for n in range(3)]
    assert refusal(detector, film(frames)) is Reason.TOO_SMALL


def test_a_face_of_two_frames_or_of_a_new_shot_each_time_is_not_judged(
    detector: FaceTracksDetector,
) -> None:
    frames = [face_like(seed=n) for n in range(4)]
    assert refusal(detector, film(frames[:2])) is Reason.TOO_SHORT
    assert refusal(detector, film(frames, [0, 1, 2, 3])) is Reason.TOO_SHORT


def test_sightings_that_are_too_small_are_left_out_of_their_track() -> None:
    sides = [100.0, 60.0, 40.0, 60.0, 100.0]
    (track,) = usable([(found(0, side),) for side in sides], np.zeros(5, np.int32))
    assert [sighting.frame for sighting in track] == [0, 1, 3, 4]


def test_the_time_line_is_smoothed_within_a_track() -> None:
    followed = tracks([(found(0),)] * 4, np.zeros(4, np.int32))
    cells = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert spans(followed, [np.array([1.0, 9.0, 2.0, 3.0])], cells) == tuple(
        Span(start=n, end=n + 1, raw=raw, label="face 1")
        for n, raw in enumerate((5.0, 2.0, 3.0, 2.5))
    )


def test_a_long_track_is_judged_by_a_few_sightings_and_shown_without_gaps() -> None:
    (track,) = tracks([(found(0),)] * 16, np.zeros(16, np.int32))
    few = thinned(track)
    assert len(few) == MOST_SIGHTINGS
    assert (few[0].frame, few[-1].frame) == (0, 15)
    assert thinned(track[:MOST_SIGHTINGS]) == track[:MOST_SIGHTINGS]
    shown = spans([few], [np.zeros(len(few))], np.arange(17.0))
    assert (shown[0].start, shown[-1].end) == (0, 16)
    assert all(one.end == after.start for one, after in pairwise(shown))


def test_a_film_read_from_a_file_shows_where_its_face_is(detector: FaceTracksDetector) -> None:
    """Two seconds of a landscape, then three of a face: encoded, decoded in the sandbox, judged."""
    landscape = photo_like(400, 300, seed=3)
    frames = [landscape] * 20
    frames += [face_like(centre=(150 + 3 * n, 150), seed=n) for n in range(30)]
    with Sandbox(handler=HANDLER) as sandbox:
        media = MediaReader(sandbox, Limits()).video(
            io.BytesIO(video_bytes(pictures=frames, fps=10)), FrameBudget(frames=16)
        )
    seen = judged(detector, media)
    assert {span.label for span in seen.spans} == {"face 1"}
    assert 1.6 < seen.spans[0].start < 2.4
    assert seen.spans[-1].end == pytest.approx(5.0, abs=0.2)


def test_a_card_must_name_frames_and_a_judge_of_faces() -> None:
    card = card_of(named("video.face_swap"))
    judge = load(named("image.face_swap"))
    assert isinstance(judge, FaceSwapDetector)
    with pytest.raises(CardInvalid, match="number of frames"):
        FaceTracksDetector.from_card(card.model_copy(update={"settings": {}}), {"judge": judge})
    with pytest.raises(CardInvalid, match="FaceSwapDetector"):
        FaceTracksDetector.from_card(card, {"judge": load(named("image.clip"))})
