"""Frames are normalised, judged and pooled so that neither size nor one odd frame decides."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file

from detectors.base import Begun, Image, Observation, Sampled, Video
from detectors.errors import CardInvalid, NotApplicable
from detectors.image.views import require_size
from detectors.result import Reason
from detectors.video.frames import (
    ANCHORS,
    EDGE,
    SHORT_SIDE,
    FramesDetector,
    anchors,
    interquartile_mean,
    normalised,
    spans,
    spread,
)
from detectors.video.inserts import InsertRule
from detectors.zoo.card import ModelCard
from detectors.zoo.threads import threads, use_threads
from detectors.zoo.weights import verified


class Brightness:
    """A judge whose score is the mean of the picture; it refuses black ones."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def observe(self, media: Image) -> Observation:
        self.seen.append(media.pixels.shape)
        if not media.pixels.any():
            raise NotApplicable(Reason.OUT_OF_DOMAIN, "black")
        return Observation(raw=float(media.pixels.mean()))


class Sized:
    """A judge that refuses what is small, by the size that it sees."""

    def observe(self, media: Image) -> Observation:
        require_size(media.pixels)
        return Observation(raw=0.0)


def film(levels: list[int], shot: list[int] | None = None, side: int = 100) -> Video:
    """One flat frame a second, of these grey levels."""
    frames = np.stack([np.full((side, side, 3), level, np.uint8) for level in levels])
    return Video(
        frames=frames,
        times=np.arange(len(levels), dtype=np.float64) + 0.5,
        shot=np.array(shot or [0] * len(levels), np.int32),
        seconds=float(len(levels)),
        container="mp4",
    )


def test_one_odd_frame_does_not_move_the_score() -> None:
    detector = FramesDetector(Brightness(), frames=16)
    assert detector.observe(film([10] * 8)).raw == 10
    assert detector.observe(film([10] * 7 + [250])).raw == 10


def test_the_score_follows_most_of_the_frames() -> None:
    assert (
        FramesDetector(Brightness(), frames=16).observe(film([10, 10, 200, 200, 200, 200])).raw
        > 100
    )


def test_no_more_frames_are_judged_than_planned() -> None:
    judge = Brightness()
    FramesDetector(judge, frames=5).observe(film([50] * 32))
    assert len(judge.seen) == 5


def test_black_frames_are_left_out_and_shown_as_not_judged_alone() -> None:
    seen = FramesDetector(Brightness(), frames=8).observe(
        film([0, 0, 0, 80, 80, 80, 80, 80], [0, 0, 0, 1, 1, 1, 1, 1])
    )
    assert seen.raw == 80
    assert [span.raw for span in seen.spans] == [None] * 3 + [80.0] * 5
    assert seen.facts["judged_frames"] == 5
    assert seen.facts["refused_frames"] == 3


def test_a_refused_frame_takes_no_score_from_its_neighbours() -> None:
    seen = FramesDetector(Brightness(), frames=8).observe(film([80, 80, 0, 80, 80, 80, 80, 80]))
    assert [span.raw for span in seen.spans] == [80.0] * 2 + [None] + [80.0] * 5


def test_too_few_frames_are_an_abstention_not_a_score() -> None:
    with pytest.raises(NotApplicable) as caught:
        FramesDetector(Brightness(), frames=8).observe(film([90, 90]))
    assert caught.value.reason is Reason.TOO_SHORT


@pytest.mark.parametrize(("frames", "told"), [([90], "one frame"), ([90, 90], "2 frames")])
def test_a_film_of_too_few_frames_is_said_to_have_that_many(frames: list[int], told: str) -> None:
    with pytest.raises(NotApplicable, match=f"The film has {told} to judge"):
        FramesDetector(Brightness(), frames=8).observe(film(frames))


def test_a_film_the_judge_refuses_is_refused_for_its_reason() -> None:
    with pytest.raises(NotApplicable, match="None of the 8 frames that") as caught:
        FramesDetector(Brightness(), frames=8).observe(film([0] * 8))
    assert caught.value.reason is Reason.OUT_OF_DOMAIN


def test_a_film_with_a_few_frames_to_judge_stays_open_and_is_not_called_flat() -> None:
    with pytest.raises(NotApplicable, match="Only 2 of the 8 frames") as caught:
        FramesDetector(Brightness(), frames=8).observe(film([0] * 6 + [90] * 2))
    assert caught.value.reason is Reason.FRAMES_REFUSED


def test_a_small_film_is_named_by_its_own_size_and_not_by_what_is_left_of_a_frame() -> None:
    with pytest.raises(NotApplicable, match="The film is 64 px on its short side") as caught:
        FramesDetector(Sized(), frames=8).observe(film([90] * 8, side=64))
    assert caught.value.reason is Reason.TOO_SMALL


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (720, 1280), (2160, 3840), (500, 430)])
def test_large_frames_reach_the_judge_at_one_size(height: int, width: int) -> None:
    found = normalised(np.zeros((height, width, 3), np.uint8))
    assert min(found.shape[:2]) == SHORT_SIDE
    ratio = found.shape[1] / found.shape[0]
    assert ratio == pytest.approx(width / height, abs=0.02)


def test_the_corners_are_not_judged() -> None:
    frame = np.zeros((200, 300, 3), np.uint8)
    edge_y, edge_x = int(200 * EDGE), int(300 * EDGE)
    for corner in (np.s_[:edge_y, :edge_x], np.s_[-edge_y:, -edge_x:]):
        frame[corner] = 255
    assert not normalised(frame).any()


def test_the_time_line_covers_the_film_without_gaps_and_names_shots() -> None:
    raws = np.array([1.0, 1.0, 9.0, 9.0])
    found = spans(raws, np.array([0.5, 1.5, 2.5, 3.5]), np.array([0, 0, 1, 1], np.int32), 4.0)
    assert [(span.start, span.end) for span in found] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert [span.label for span in found] == ["shot 1", "shot 1", "shot 2", "shot 2"]
    assert [span.raw for span in found] == [1.0, 1.0, 9.0, 9.0]


@pytest.mark.parametrize(("available", "wanted"), [(1, 8), (5, 8), (8, 8), (33, 8), (32, 16)])
def test_frames_are_spread_evenly_without_repeats(available: int, wanted: int) -> None:
    chosen = spread(available, wanted)
    assert chosen.size == min(available, wanted)
    assert np.all(np.diff(chosen) > 0)
    gaps: npt.NDArray[np.intp] = np.diff(chosen)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
    assert chosen[0] >= 0
    assert chosen[-1] < available


def test_interquartile_mean_ignores_a_quarter_at_each_end() -> None:
    assert interquartile_mean(np.array([-1e9, 1.0, 2.0, 1e9])) == 1.5
    assert interquartile_mean(np.array([3.0, 1.0, 2.0])) == 2.0


def test_a_card_without_a_number_of_frames_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(
        'summary = "s"\narchitecture = "a"\nlicence = "l"\ntrained_on = "t"\n'
        'training_command = "c"\nlimits = []\n'
    )
    with pytest.raises(CardInvalid, match="number of frames"):
        FramesDetector.from_card(ModelCard.read("x", tmp_path), {"image.clip": Brightness()})


class Glancing(Brightness):
    """A judge whose score is the sum of a part that costs much and one that costs little."""

    def __init__(self) -> None:
        super().__init__()
        self.glances = 0
        self.bias = 100.0

    def sparing(self) -> "Glancing":
        return self

    def retrained(self, head: Mapping[str, npt.NDArray[np.float32]]) -> "Glancing":
        other = Glancing()
        other.bias = float(head["bias"])
        return other

    def apart(self, media: Image) -> tuple[Observation, float]:
        seen = self.observe(media)
        return replace(seen, raw=seen.raw + self.bias), seen.raw

    def details(self, media: Image) -> float:
        self.glances += 1
        return float(media.pixels.mean())


def test_between_anchors_only_the_fine_detail_is_looked_at_and_the_score_follows_it() -> None:
    judge = Glancing()
    seen = FramesDetector(judge, frames=64).observe(film([10, 40] * 16))
    assert (len(judge.seen), judge.glances) == (ANCHORS + 1, 31 - ANCHORS)
    assert seen.raw == pytest.approx(125, abs=1)


def test_frames_are_weighed_by_the_head_that_the_card_names() -> None:
    card = ModelCard.read("video-frames")
    head = load_file(verified(card, 0))
    seen = FramesDetector.from_card(card, {"image.clip": Glancing()}).observe(film([10] * 8))
    assert seen.raw == pytest.approx(10 + float(head["bias"]))


def test_every_shot_has_a_frame_that_is_judged_in_full() -> None:
    judge = Glancing()
    shots = [0] * 20 + [1] + [2] * 11
    FramesDetector(judge, frames=64).observe(film([10] * 20 + [60] + [200] * 11, shots))
    brightness = {shown for shown in anchors(np.array(shots, np.int32)).nonzero()[0]}
    assert {0, 20, 21} <= brightness
    assert len(judge.seen) == len(brightness)


def arriving(detector: FramesDetector, media: Video, of: int | None = None) -> Begun:
    """A judge of this film that heard of all its frames; `of` is how many it was promised."""
    begun = detector.begin()
    assert begun is not None
    for pixels, time, shot in zip(media.frames, media.times, media.shot, strict=True):
        begun.arrived(
            Sampled(
                pixels=pixels,
                seconds=float(time),
                shot=int(shot),
                of=of or len(media.frames),
                container=media.container,
            )
        )
    return begun


LEVELS = [10, 40, 90, 20] * 8
SHOTS = [0] * 20 + [1] + [2] * 11


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("levels", "shots", "of", "frames"),
    [
        (LEVELS, None, None, 64),
        (LEVELS, SHOTS, None, 64),
        (LEVELS, SHOTS, 40, 64),  # fewer came than were promised
        (LEVELS, SHOTS, None, 10),  # not all are judged
        ([0, *LEVELS[1:]], SHOTS, None, 64),  # an anchor is refused
        (LEVELS[:20] + [0] * 12, SHOTS, 33, 64),
    ],
)
def test_a_film_judged_while_it_came_scores_as_one_judged_whole(
    levels: list[int], shots: list[int] | None, of: int | None, frames: int, count: int
) -> None:
    before = threads()
    use_threads(count)
    try:
        detector, media = FramesDetector(Glancing(), frames), film(levels, shots)
        begun = arriving(detector, media, of)
        assert begun.observe(media) == detector.observe(media)
        begun.close()
    finally:
        use_threads(before)


def test_a_frame_that_was_judged_as_it_came_is_not_judged_again() -> None:
    whole, ahead = Glancing(), Glancing()
    FramesDetector(whole, 64).observe(film(LEVELS, SHOTS))
    arriving(FramesDetector(ahead, 64), film(LEVELS, SHOTS)).observe(film(LEVELS, SHOTS))
    assert (len(ahead.seen), ahead.glances) == (len(whole.seen), whole.glances)


def test_a_refusal_met_while_frames_came_is_the_film_s() -> None:
    media = film([0] * 8)
    with pytest.raises(NotApplicable, match="black"):
        arriving(FramesDetector(Glancing(), 64), media).observe(media)


def test_a_judge_that_crashed_on_a_frame_crashes_for_the_film() -> None:
    class Broken(Glancing):
        def apart(self, media: Image) -> tuple[Observation, float]:
            raise ZeroDivisionError

    media = film([10] * 8)
    with pytest.raises(ZeroDivisionError):
        arriving(FramesDetector(Broken(), 64), media).observe(media)


def test_what_has_no_glances_is_not_begun() -> None:
    assert FramesDetector(Brightness(), 64).begin() is None


def test_an_anchor_that_is_refused_leaves_its_shot_to_the_next_frame() -> None:
    judge = Glancing()
    seen = FramesDetector(judge, frames=64).observe(film([0] + [50] * 11))
    assert [span.raw is None for span in seen.spans] == [True] + [False] * 11


def test_a_tenth_of_a_long_film_moves_its_score_where_the_mean_does_not() -> None:
    levels = [10] * 27 + [90] * 6 + [10] * 27
    plain = FramesDetector(Brightness(), 64).observe(film(levels))
    ruled = FramesDetector(Brightness(), 64, InsertRule(offset=0.0, growth=2.0))
    assert plain.raw == 10
    seen = ruled.observe(film(levels))
    assert seen.raw > 60
    assert seen.raw == pytest.approx(seen.facts["highest_stretch"], abs=0.01)
    assert seen.facts["throughout"] == 10


def test_small_frames_stray_all_alike_so_more_of_them_make_nothing_surer() -> None:
    class Small(Brightness):
        def observe(self, media: Image) -> Observation:
            return replace(super().observe(media), margin=0.3, allowance=0.7)

    seen = FramesDetector(Small(), 16).observe(film([10] * 8))
    assert (seen.margin, seen.allowance) == (0.3, 0.7)


def test_a_film_is_as_sure_as_the_half_of_its_frames_that_is_averaged() -> None:
    class Unsure(Brightness):
        def observe(self, media: Image) -> Observation:
            return replace(super().observe(media), margin=0.3)

    assert FramesDetector(Unsure(), 16).observe(film([10] * 8)).margin == pytest.approx(0.15)
