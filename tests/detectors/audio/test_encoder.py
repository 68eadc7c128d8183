"""The encoder in blocks: what it embeds does not depend on where a piece is cut."""

import numpy as np
import pytest

from detectors.audio import encoder as module
from detectors.audio.encoder import SIZE, Encoder
from detectors.audio.windows import HOP, Piece, window_edges
from detectors.registry import card_of, named
from detectors.zoo.weights import verified


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(verified(card_of(named("audio.encoder")), 1))


@pytest.mark.parametrize("frames", [64, 249, 250, 251, 261, 490, 491, 739])
def test_a_piece_is_embedded_in_blocks_as_it_would_be_at_once(
    frames: int, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(frames).normal(0, 0.1, frames * HOP).astype(np.float32)
    piece = Piece(noise, tuple(window_edges(frames)), 0.0)
    in_blocks = encoder.embed(piece)
    monkeypatch.setattr(module, "_BLOCK", frames)
    assert in_blocks.shape == (len(piece.windows), SIZE)
    np.testing.assert_allclose(in_blocks, encoder.embed(piece), rtol=1e-4, atol=1e-5)


def test_blocks_have_one_length_and_keep_every_frame_once() -> None:
    for frames in range(251, 1200):
        cuts = list(module._blocks(frames))
        assert {last - first for first, last, _, _ in cuts} == {module._BLOCK}
        kept = [frame for _, _, begin, end in cuts for frame in range(begin, end)]
        assert kept == list(range(frames))
