"""Which views of recordings the models of speech are fitted on."""

from pathlib import Path

import numpy as np

from detectors.training import audio
from detectors.training.audio_bank import CLEAN, LATER, Bank, Recording
from detectors.training.audio_held import Held

COUNT = 400
FEATURES = 12
UNSEEN = (np.empty(0, np.intp), np.empty((0, FEATURES), np.float32))


def _recording(number: int) -> Recording:
    return Recording(
        file=Path(f"{number}.flac"),
        digest=f"{number:064x}",
        path=f"{number}.flac",
        synthetic=number % 2 == 1,
        source=str(number % 7),
        system="voice",
        era="modern",
        paired=True,
    )


def _bank(told_by: dict[str, int], rng: np.random.Generator) -> Bank:
    """Noise, but for one feature of each view that tells the classes apart."""
    items = np.tile(np.arange(COUNT), len(told_by))
    view = np.repeat(list(told_by), COUNT)
    rows = rng.standard_normal((items.size, 2 * FEATURES)).astype(np.float32)
    for name, feature in told_by.items():
        rows[view == name, feature] += np.where(items[view == name] % 2, 2, -2)
    recordings = tuple(map(_recording, range(COUNT)))
    embedding, statistics = rows[:, :FEATURES], rows[:, FEATURES:]
    none, empty = UNSEEN
    return Bank(recordings, items, view, statistics, embedding, none, empty, empty)


def test_networks_of_the_wide_band_learn_from_copies_and_later_windows_of_what_they_may_see() -> (
    None
):
    bank = _bank({CLEAN: 0, "mp3_64k": 1, LATER: 2, "telephone": 3}, np.random.default_rng(5))
    hidden = bank.item < COUNT // 4
    bank.embedding[hidden] *= -1  # would teach the opposite
    networks = audio.fit_wide_networks(bank, ~hidden, seed=3)
    ones = np.eye(4, 2 * FEATURES, dtype=np.float32) * 2
    risen = networks.logits(ones) - networks.logits(-ones)
    assert (risen[:3] > 1).all()
    assert abs(risen[3]) < 1


def test_what_is_left_out_of_held_out_views_leaves_no_recording_behind() -> None:
    rows = np.arange(8)
    held = Held(
        recordings=tuple(map(_recording, range(4))),
        item=rows // 2,
        view=np.array(["none", "mp3_64k"] * 4),
        fold=rows // 2 % 2,
        scores={"encoder": rows / 10},
        likeness=np.eye(8)[:, :3],
    )
    found = held.only(held.fold != 0)
    assert [recording.path for recording in found.recordings] == ["1.flac", "3.flac"]
    assert found.item.tolist() == [0, 0, 1, 1]
    assert found.scores["encoder"].tolist() == [0.2, 0.3, 0.6, 0.7]
    assert found.synthetic.all()
    assert found.likeness.shape == (4, 3)
