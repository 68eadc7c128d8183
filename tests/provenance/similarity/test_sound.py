"""Copies and excerpts of sound are found after compression, and only they are."""

import io
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from provenance.similarity import sound
from provenance.similarity.result import Original, Via
from provenance.similarity.search import Index, Media, Prepared, prepare
from tests.media import audio_bytes
from tests.sounds import music_like, speech_like

TENANT = "default"
NOBODY = "f" * 64
Samples = npt.NDArray[np.float32]


def heard(samples: Samples) -> Prepared:
    return prepare(Media(samples=samples, seconds=len(samples) / sound.RATE))


def compressed(samples: Samples, codec: str = "mp3") -> Samples:
    """Through a lossy file and back, with the delay that its encoder adds."""
    stored = audio_bytes(samples, codec)  # type: ignore[arg-type]
    with av.open(io.BytesIO(stored), "r") as file:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=sound.RATE)
        frames = [out for frame in file.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
        return np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.float32)


@pytest.fixture(scope="module")
def speech() -> list[Samples]:
    return [speech_like(40.0, seed=seed) for seed in range(3)]


@pytest.fixture(scope="module")
def index(speech: list[Samples], tmp_path_factory: pytest.TempPathFactory) -> Index:
    made = Index(Path(tmp_path_factory.mktemp("index")))
    for number, samples in enumerate((*speech, music_like(30.0))):
        made.add(
            heard(samples),
            Original(
                sha256=f"{number:064x}",
                name=str(number),
                kind="audio",
                media_type="audio/wav",
                seconds=len(samples) / sound.RATE,
                added_at=datetime(2026, 11, 23, tzinfo=UTC),
            ),
            tenant=TENANT,
        )
    return made


@pytest.mark.parametrize("codec", ["mp3", "opus", "m4a"])
def test_a_compressed_copy_is_found_whole(index: Index, speech: list[Samples], codec: str) -> None:
    (match,) = index.search(heard(compressed(speech[1], codec)), NOBODY, tenant=TENANT)
    assert (match.original.name, match.via) == ("1", Via.SOUND)
    assert match.start == pytest.approx(0, abs=0.2)
    assert match.end == pytest.approx(40, abs=0.3)
    assert match.similarity == 1.0


@pytest.mark.parametrize("start", [0.0, 7.313, 29.99])
def test_ten_seconds_of_a_recording_are_found_and_placed(
    index: Index, speech: list[Samples], start: float
) -> None:
    begin = int(start * sound.RATE)
    excerpt = compressed(speech[2][begin : begin + 10 * sound.RATE])
    (match,) = index.search(heard(excerpt), NOBODY, tenant=TENANT)
    assert match.original.name == "2"
    assert match.start == pytest.approx(start, abs=0.2)
    assert match.end == pytest.approx(start + 10, abs=0.3)


def test_louder_and_noisier_is_still_a_copy(index: Index, speech: list[Samples]) -> None:
    noise = np.random.default_rng(0).normal(0, 0.004, 10 * sound.RATE)
    changed = np.clip(speech[0][: 10 * sound.RATE] * 0.5 + noise, -1, 1).astype(np.float32)
    (match,) = index.search(heard(changed), NOBODY, tenant=TENANT)
    assert match.original.name == "0"


@pytest.mark.parametrize("seed", [50, 51, 52])
def test_other_speech_of_the_same_maker_is_no_copy(index: Index, seed: int) -> None:
    assert index.search(heard(speech_like(20.0, seed=seed)), NOBODY, tenant=TENANT) == ()


def test_silence_and_what_is_too_short_have_no_marks(index: Index) -> None:
    for samples in (np.zeros(5 * sound.RATE, np.float32), np.ones(100, np.float32)):
        assert len(sound.describe(samples).marks) == 0
        assert index.search(heard(samples), NOBODY, tenant=TENANT) == ()


def test_marks_are_kept_for_every_second_alike(speech: list[Samples]) -> None:
    quiet = np.concatenate([speech[0] * 0.1, speech[1]])
    kept = sound.describe(quiet).strongest(sound.STORED_MARKS)
    seconds = np.bincount((kept.frames * sound.FRAME_SECONDS).astype(int))
    assert seconds.max() == sound.STORED_MARKS
    assert np.median(seconds[:40]) == sound.STORED_MARKS
    assert (np.diff(kept.frames) >= 0).all()


def test_marks_do_not_depend_on_how_many_frames_are_held_at_once(
    speech: list[Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = _marks(speech[0])
    monkeypatch.setattr(sound, "_BLOCK", 97)
    assert len(at_once & _marks(speech[0])) > 0.999 * len(at_once)  # but for the last bit


def _marks(samples: Samples) -> set[tuple[int, int]]:
    found = sound.describe(samples)
    return set(zip(found.marks.tolist(), found.frames.tolist(), strict=True))
