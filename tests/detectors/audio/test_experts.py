"""The registered audio detectors on recordings made here."""

from typing import cast

import numpy as np
import pytest
import soxr
from scipy import signal

from detectors.audio.experts import StatisticsExpert, WindowExpert
from detectors.base import AUDIO_RATE, Audio, Detector, Kind, Observation
from detectors.errors import CardInvalid, NotApplicable, WeightsMismatch
from detectors.fusion import Ensemble
from detectors.registry import Spec, card_of, load, named, specs_for
from detectors.result import Reason
from detectors.training.audio_launder import LINES
from tests.detectors.audio.noises import noise
from tests.sounds import speech_like

EXPERTS = [spec for spec in specs_for(Kind.AUDIO) if not spec.fuses]
ENSEMBLE = named("audio.ensemble")
CALLER = soxr.resample(speech_like(6.0, rate=8_000), 8_000, AUDIO_RATE)


def _recording(samples: np.ndarray) -> Audio:
    return Audio(samples=samples.astype(np.float32), source_rate=AUDIO_RATE, container="wav")


def _observe(name: str, samples: np.ndarray) -> Observation:
    return load(named(name)).observe(_recording(samples))


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    """Two seconds of silence, six of speech, two of silence."""
    silence = np.zeros(2 * AUDIO_RATE, np.float32)
    return np.concatenate([silence, speech_like(6.0), silence])


@pytest.mark.parametrize("spec", specs_for(Kind.AUDIO), ids=lambda spec: spec.name)
def test_the_same_recording_gets_the_same_answer(spec: Spec, talk: np.ndarray) -> None:
    judge = load(spec)
    assert judge.observe(_recording(talk)) == judge.observe(_recording(talk))


@pytest.mark.parametrize("spec", specs_for(Kind.AUDIO), ids=lambda spec: spec.name)
def test_the_time_line_covers_the_speech_in_seconds(spec: Spec, talk: np.ndarray) -> None:
    spans = load(spec).observe(_recording(talk)).spans
    assert [span.start for span in spans] == sorted(span.start for span in spans)
    assert spans[0].start == pytest.approx(2.0, abs=0.3)
    assert spans[-1].end == pytest.approx(8.0, abs=0.4)
    assert all(span.raw is not None and np.isfinite(span.raw) for span in spans)
    assert all(0.6 < span.end - span.start <= 2.4 + 1e-6 for span in spans)


@pytest.mark.parametrize("line", LINES)
def test_speech_of_a_telephone_is_judged_by_models_made_for_it(line: str) -> None:
    heard = LINES[line](CALLER)
    parts = {name: _observe(name, heard) for name in ENSEMBLE.fuses}
    assert all(seen.facts["judged_narrow"] == 1 for seen in parts.values())
    assert parts["audio.statistics"].facts["like_telephone"] == 1
    fused = cast(Ensemble, load(ENSEMBLE)).combine(parts)
    assert fused.facts["judged_narrow"] == 1
    assert [span.start for span in fused.spans] == [
        span.start for span in parts["audio.encoder"].spans
    ]


@pytest.mark.parametrize("name", ENSEMBLE.fuses)
def test_what_lies_above_the_band_of_a_telephone_does_not_move_its_score(name: str) -> None:
    heard = LINES["pcm_8k"](CALLER)
    hiss = np.random.default_rng(3).normal(0, 1, heard.size)
    above = signal.sosfilt(signal.butter(10, 5_000, "high", fs=AUDIO_RATE, output="sos"), hiss)
    hissing = heard + 1e-4 * above.astype(np.float32)
    assert _observe(name, hissing).raw == pytest.approx(_observe(name, heard).raw, abs=0.5)


@pytest.mark.parametrize("name", ["organ", "rain", "singing"])
def test_music_and_noise_get_no_score_from_any_of_them(name: str) -> None:
    for spec in specs_for(Kind.AUDIO):
        with pytest.raises(NotApplicable) as refusal:
            load(spec).observe(_recording(noise(name, 3)))
        assert refusal.value.reason is Reason.NO_SPEECH


def test_a_window_scores_alike_alone_and_in_a_longer_recording(talk: np.ndarray) -> None:
    whole = _observe("audio.statistics", talk)
    middle = whole.spans[1]
    first, last = (round(edge * AUDIO_RATE) for edge in (middle.start, middle.end))
    alone = _observe("audio.statistics", talk[first:last])
    assert alone.raw == pytest.approx(cast(float, middle.raw), abs=1.5)


@pytest.mark.parametrize("spec", EXPERTS, ids=lambda spec: spec.name)
def test_weights_that_are_not_the_ones_of_the_card_are_refused(spec: Spec) -> None:
    card, detector = card_of(spec), cast(type[Detector], type(load(spec)))
    for index in range(len(card.weights)):
        forged = list(card.weights)
        forged[index] = forged[index].model_copy(update={"sha256": "0" * 64})
        with pytest.raises(WeightsMismatch):
            detector.from_card(card.model_copy(update={"weights": tuple(forged)}), {})


def test_a_card_without_its_calibration_settings_is_invalid() -> None:
    card = card_of(named("audio.statistics"))
    with pytest.raises(CardInvalid, match="slope"):
        StatisticsExpert.from_card(card.model_copy(update={"settings": {}}), {})


def test_experts_share_their_windows_so_that_they_can_be_fused(talk: np.ndarray) -> None:
    timelines = {
        tuple((span.start, span.end) for span in load(spec).observe(_recording(talk)).spans)
        for spec in EXPERTS
    }
    assert len(timelines) == 1
    assert all(isinstance(load(spec), WindowExpert) for spec in EXPERTS)


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_the_ensemble_of_the_registry_has_a_fit_for_every_set_of_its_experts(
    talk: np.ndarray,
    *,
    narrow: bool,
) -> None:
    heard = CALLER if narrow else talk
    parts = {name: _observe(name, heard) for name in ENSEMBLE.fuses}
    ensemble = cast(Ensemble, load(ENSEMBLE))
    raws = {ensemble.combine(parts).raw}
    for missing in parts:
        raws.add(ensemble.combine({k: v for k, v in parts.items() if k != missing}).raw)
        raws.add(ensemble.combine({missing: parts[missing]}).raw)
    assert len(raws) == 2 ** len(parts) - 1
