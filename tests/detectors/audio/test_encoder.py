"""The encoder on pieces of every length: what a window is embedded as, and where it is cut."""

import librosa
import numpy as np
import pytest

from detectors.audio.encoder import FRAME, MELS, SIZE, Encoder, log_mel
from detectors.audio.windows import HOP, WINDOW, Piece, window_edges
from detectors.base import AUDIO_RATE
from detectors.registry import card_of, named
from detectors.zoo.weights import verified
from tests.sounds import speech_like


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(verified(card_of(named("audio.encoder")), 1))


def _piece(frames: int) -> Piece:
    speech = speech_like(8.0)[: frames * HOP].astype(np.float32)
    return Piece(speech, tuple(window_edges(frames)), 0.0)


@pytest.mark.parametrize("frames", [64, 65, 239, 240, 241, 359, 480, 481, 739])
def test_every_window_of_a_piece_gets_a_row(frames: int, encoder: Encoder) -> None:
    piece = _piece(frames)
    rows = encoder.embed(piece)
    assert rows.shape == (len(piece.windows), SIZE)
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("frames", [480, 740])
def test_a_window_is_embedded_in_a_longer_piece_as_it_is_alone(
    frames: int, encoder: Encoder
) -> None:
    piece = _piece(frames)
    rows = encoder.embed(piece)
    for row, (first, last) in zip(rows, piece.windows, strict=True):
        cut = Piece(piece.samples[first * HOP : last * HOP], ((0, WINDOW),), 0.0)
        alone = encoder.embed(cut)[0]
        on_a_cut = first % WINDOW == 0
        assert np.corrcoef(row, alone)[0, 1] > (0.9999 if on_a_cut else 0.99)


def test_the_spectrogram_has_the_levels_that_librosa_finds() -> None:
    speech = speech_like(2.4).astype(np.float32)
    mel = librosa.filters.mel(sr=AUDIO_RATE, n_fft=FRAME, n_mels=MELS)
    ours = log_mel(speech[None], mel)[0]
    power = librosa.feature.melspectrogram(
        y=speech, sr=AUDIO_RATE, n_fft=FRAME, hop_length=HOP, n_mels=MELS, pad_mode="reflect"
    )
    decades = np.log10(np.maximum(power, 1e-10))[:, : ours.shape[1]]
    theirs = (np.maximum(decades, decades.max() - 8) + 4) / 4
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
