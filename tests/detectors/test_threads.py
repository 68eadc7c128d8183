"""Threads share detectors; how many there are changes no bit of any finding."""

import pickle
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import Any, TypeVar

import numpy as np
import pytest

from detectors.base import AUDIO_RATE, Audio, Image, Media, Video
from detectors.faces.find import FaceFinder
from detectors.registry import Effort, card_of, named
from detectors.result import Finding, Outcome
from detectors.runner import Run
from detectors.zoo.sharing import EachThread, Once
from detectors.zoo.weights import verified
from provenance.similarity import pictures
from provenance.watermark import find_watermarks
from tests.faces import RGB, face_like
from tests.media import moving_frames, photograph
from tests.sounds import speech_like

THREADS = 6
T = TypeVar("T")
U = TypeVar("U")


def at_once(work: Callable[[T], U], items: Sequence[T], *, rounds: int) -> list[list[U]]:
    """What many threads make of the items, each item several times: (items, rounds)."""
    order = [index for index in range(len(items)) for _ in range(rounds)]
    random.Random(7).shuffle(order)
    found: list[list[U]] = [[] for _ in items]
    with ThreadPoolExecutor(THREADS) as pool:
        made = pool.map(lambda index: work(items[index]), order)
        for index, result in zip(order, made, strict=True):
            found[index].append(result)
    return found


def with_face(seed: int) -> RGB:
    """A photograph, so that nobody refuses it, with a drawn face at a place of its own."""
    whole = photograph(640, 427)
    face = face_like(240, 240, centre=(120, 120), side=130 + 10 * (seed % 5), seed=seed)
    left, top = 40 * (seed % 9), 20 * (seed % 7)
    whole[top : top + 240, left : left + 240] = face
    return whole


def film() -> Video:
    ground = list(moving_frames(320, 240, 5, real=True))
    frames = np.stack([np.ascontiguousarray(frame) for frame in ground])
    frames[:, 20:220, 60:260] = [
        face_like(200, 200, centre=(100, 100), side=140, seed=n) for n in range(5)
    ]
    return Video(
        frames=frames,
        times=np.arange(5) / 2.0,
        shot=np.zeros(5, np.int32),
        seconds=2.5,
        container="mp4",
    )


def recording(seed: int) -> Audio:
    return Audio(
        samples=speech_like(3.0, seed, rate=AUDIO_RATE), source_rate=AUDIO_RATE, container="wav"
    )


@cache
def folder() -> tuple[Media, ...]:
    """Made pictures, faces, sounds and a film."""
    faces = [Image(pixels=with_face(seed), container="png") for seed in range(3)]
    plain = [Image(pixels=photograph(side, side), container="png") for side in (200, 420)]
    return (*faces, *plain, recording(1), recording(2), film())


def judged(media: Media) -> tuple[dict[str, Any], ...]:
    def told(finding: Finding) -> dict[str, Any]:
        return finding.model_dump(exclude={"seconds"})

    return tuple(told(f) for effort in Effort for f in Run(media, effort).findings())


def test_many_threads_find_what_one_finds_to_the_last_bit() -> None:
    alone = [judged(media) for media in folder()]
    found = [finding for findings in alone for finding in findings]
    assert not [finding for finding in found if finding["outcome"] is Outcome.FAILED]
    scored = {finding["detector"] for finding in found if finding["outcome"] is Outcome.SCORED}
    assert {"image.clip", "image.face_swap", "video.face_swap", "audio.ensemble"} <= scored
    together = at_once(judged, folder(), rounds=2)
    for media, expected, results in zip(folder(), alone, together, strict=True):
        assert all(result == expected for result in results), type(media)


def test_threads_that_look_for_faces_at_once_find_each_picture_its_own() -> None:
    card = card_of(named("image.face_swap"))
    finder = FaceFinder(verified(card, 0), verified(card, 1))

    def meshes(pixels: RGB) -> list[bytes]:
        return [face.mesh.tobytes() for face in finder.find(pixels)]

    shown = [with_face(seed) for seed in range(12)]
    alone = [meshes(pixels) for pixels in shown]
    assert all(alone)
    for expected, results in zip(alone, at_once(meshes, shown, rounds=6), strict=True):
        assert all(result == expected for result in results)


@pytest.mark.parametrize("describe", [pictures.describe, find_watermarks])
def test_what_is_read_off_pictures_does_not_depend_on_threads(
    describe: Callable[[RGB], object],
) -> None:
    shown = [with_face(seed) for seed in range(6)]
    alone = [pickle.dumps(describe(pixels)) for pixels in shown]
    together = at_once(lambda pixels: pickle.dumps(describe(pixels)), shown, rounds=3)
    for expected, results in zip(alone, together, strict=True):
        assert all(result == expected for result in results)


def test_what_many_threads_ask_for_at_once_is_made_once() -> None:
    made: list[str] = []
    start = Barrier(THREADS)

    def build(name: str) -> str:
        made.append(name)
        return name * 2

    once = Once(build)

    def ask(_: int) -> str:
        start.wait()
        return once("model")

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(ask, range(THREADS))) == ["modelmodel"] * THREADS
    assert made == ["model"]
    once.forget()
    assert once("model") == "modelmodel"
    assert made == ["model"] * 2
    assert once("other") == "otherother"
    once.forget(lambda name: name == "model")
    assert (once("other"), once("model")) == ("otherother", "modelmodel")
    assert made == ["model", "model", "other", "model"]


def test_what_threads_may_not_share_each_has_to_itself() -> None:
    own = EachThread(list[int])
    start = Barrier(THREADS)

    def mine(number: int) -> tuple[list[int], list[int]]:
        start.wait()
        own.get().append(number)
        return own.get(), [number]

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(kept == alone for kept, alone in pool.map(mine, range(THREADS)))
