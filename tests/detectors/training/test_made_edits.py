"""Made edits, and the training on them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from detectors.training import edit_bank, edit_network
from detectors.training.edit_making import KINDS, SIDE, make_edit
from tests.media import jpeg, photo_like


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_masked_part_differs_before_it_is_saved(kind: str) -> None:
    found = [
        make_edit(photo_like(400, 320, 1), photo_like(400, 320, 2), kind, np.random.default_rng(s))
        for s in range(12)
    ]
    assert all(item.mask.shape == (SIDE // 8, SIDE // 8) for item in found)
    lossless = [item for item in found if item.saved == "lossless"]
    for item in lossless:
        apart = np.abs(item.edited.astype(int) - item.twin).max(axis=2).reshape(32, 8, 32, 8)
        changed = apart.max(axis=(1, 3)) > 0
        near = cv2.dilate((item.mask > 0).astype(np.uint8), np.ones((5, 5))) > 0
        assert changed.any()
        assert not (changed & ~near).any()
    assert any(item.mask.max() == 1 for item in found)


def test_an_edit_is_the_same_in_every_run() -> None:
    first, second = (
        make_edit(
            photo_like(400, 320, 1), photo_like(400, 320, 2), "splice", np.random.default_rng(5)
        )
        for _ in range(2)
    )
    assert (first.edited == second.edited).all()
    assert (first.mask == second.mask).all()


def test_a_bank_reads_what_it_wrote(tmp_path: Path) -> None:
    host = edit_bank.Host(file=jpeg(photo_like(240, 240)), source="a/b", digest="0" * 16)
    edit_bank.save([host, host], tmp_path / "hosts.npz")
    assert edit_bank.load(tmp_path / "hosts.npz") == [host, host]


def test_folds_divide_sources_and_leave_out_kinds() -> None:
    files = [jpeg(photo_like(260, 260, seed)) for seed in range(3)]
    hosts = [
        edit_bank.Host(file=file, source=f"s{index}", digest=str(index))
        for index, file in enumerate(files)
    ]
    edit_network.prepare(hosts)
    pool = edit_network.make_pool(12, 1, torch.device("cpu"))
    for plan in edit_network.trainings(pool)[1:]:
        assert not (plan.seen & plan.judged).any()
        if plan.name.startswith("sources"):
            assert not set(pool.fold[plan.seen]) & set(pool.fold[plan.judged])
        else:
            assert plan.name.removeprefix("kind-") not in pool.kind[plan.seen]
