"""The mark of Perth in sound: found where its own network put it, and not where it is not."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from provenance import perth
from provenance.declared import WatermarkScheme
from provenance.errors import WeightsUnusable
from service.reporting.evidence import WATERMARK_CHANCE, weigh
from tests.sounds import music_like, speech_like
from tests.watermarks import marked_sound

needs_weights = pytest.mark.skipif(
    not perth.is_installed(), reason="the extra audio-watermark is not installed"
)
SPEECH = speech_like(2.5, rate=perth.RATE)


@needs_weights
def test_marked_speech_is_found_in_every_stretch_and_plain_speech_in_none() -> None:
    plain = perth.find_mark(SPEECH, perth.RATE)
    marked = perth.find_mark(marked_sound(SPEECH), perth.RATE)
    assert plain is not None
    assert marked is not None
    assert (plain.matched, plain.total, plain.p_chance) == (0, 1, 1.0)
    assert (marked.matched, marked.total, marked.p_chance) == (1, 1, perth.BOUND)
    assert marked.scheme is WatermarkScheme.PERTH


@needs_weights
def test_the_mark_survives_the_rate_that_media_are_decoded_to() -> None:
    import soxr

    telephone = soxr.resample(marked_sound(SPEECH), perth.RATE, 16_000).astype(np.float32)
    found = perth.find_mark(telephone, 16_000)
    assert found is not None
    assert found.matched == 1


@needs_weights
def test_long_recordings_are_read_in_a_few_stretches() -> None:
    found = perth.find_mark(np.tile(SPEECH, 12), perth.RATE)
    assert found is not None
    assert found.total == perth.STRETCHES


@needs_weights
def test_music_is_not_marked() -> None:
    assert perth.presence(music_like(2.0, rate=perth.RATE), perth.RATE) < perth.MARKED


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(64_000), speech_like(0.5)])
def test_silence_and_scraps_say_nothing(samples: np.ndarray) -> None:
    assert perth.find_mark(samples.astype(np.float32), 16_000) is None


def test_missing_weights_and_other_weights_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    perth.networks.cache_clear()
    monkeypatch.setattr(perth, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(WeightsUnusable, match="not installed"):
        perth.networks()
    other = tmp_path / "weights"
    other.write_bytes(b"PK other weights")
    monkeypatch.setattr(perth, "_FILE", str(other))
    monkeypatch.setattr(perth, "DISTRIBUTION", "numpy")
    with pytest.raises(WeightsUnusable, match="not those that were measured"):
        perth.networks()


@needs_weights
def test_the_mark_is_shown_and_is_no_evidence() -> None:
    found = perth.find_mark(marked_sound(SPEECH), perth.RATE)
    assert found is not None
    assert found.p_chance > WATERMARK_CHANCE
    assert weigh(None, (), (found,)) == ()


def test_reading_provenance_loads_neither_torch_nor_the_watermark_package() -> None:
    code = (
        "import sys, provenance.perth; print({'torch', 'perth', 'torchaudio'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
