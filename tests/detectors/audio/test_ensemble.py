"""How the audio ensemble fuses what its experts saw."""

import pytest

from detectors.audio.ensemble import AudioEnsemble
from detectors.audio.pooling import InsertRule
from detectors.base import Observation, Span
from detectors.errors import CardInvalid, NotApplicable
from detectors.registry import card_of, named


def _seen(*raws: float, **facts: float) -> Observation:
    spans = tuple(
        Span(start=1.2 * i, end=1.2 * i + 2.4, raw=raw, label="speech")
        for i, raw in enumerate(raws)
    )
    return Observation(raw=max(raws), spans=spans, facts={"windows": float(len(raws)), **facts})


FITS = {("a",): (1.0, 0.0), ("a", "b"): (0.5, 2.0, -1.0)}
NARROW_FITS = {("a",): (1.0, 0.0), ("a", "b"): (0.5, 0.5, 0.0)}
ALLOWANCES = (0.0, 0.1, 0.9, 0.2)
NEVER = InsertRule(slope=0.0, offset=-100.0, growth=0.0)


def _ensemble(inserts: InsertRule = NEVER) -> AudioEnsemble:
    return AudioEnsemble(FITS, NARROW_FITS, ALLOWANCES, inserts)


def test_windows_are_fused_one_by_one_before_they_are_pooled() -> None:
    fused = _ensemble().combine({"b": _seen(1.0, -1.0), "a": _seen(2.0, 0.0)})
    assert [span.raw for span in fused.spans] == [pytest.approx(2.0), pytest.approx(-3.0)]
    assert [span.start for span in fused.spans] == [0.0, 1.2]
    assert -3.0 < fused.raw < 2.0


def test_a_missing_expert_is_left_out_by_its_own_fit_not_imputed() -> None:
    assert _ensemble().combine({"a": _seen(0.7)}).raw == pytest.approx(0.7, abs=1e-6)


def test_speech_of_a_telephone_is_fused_by_the_fit_of_its_band() -> None:
    narrow = {"judged_narrow": 1.0}
    fused = _ensemble().combine({"a": _seen(2.0, **narrow), "b": _seen(1.0, **narrow)})
    assert [span.raw for span in fused.spans] == [pytest.approx(1.5)]


def test_no_expert_or_none_with_a_fit_is_no_answer() -> None:
    for parts in ({}, {"b": _seen(3.0)}):
        with pytest.raises(NotApplicable):
            _ensemble().combine(parts)


def test_experts_that_judged_different_windows_are_never_fused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        _ensemble().combine({"a": _seen(1.0, 2.0), "b": _seen(1.0)})


def test_thresholds_rise_with_the_estimated_condition_and_without_one_as_for_the_worst() -> None:
    likeness = {"like_none": 0.5, "like_mp3_64k": 0.0, "like_opus_24k": 0.5, "like_telephone": 0.0}
    assert _ensemble().combine({"a": _seen(0.7, **likeness)}).allowance == pytest.approx(0.45)
    assert _ensemble().combine({"a": _seen(0.7)}).allowance == 0.9


def test_a_stretch_that_stands_out_raises_a_longer_recording_and_no_shorter_one() -> None:
    rule = InsertRule(slope=1.0, offset=0.0, growth=0.0)
    windows = [-2.0] * 20
    windows[7:9] = [1.0, 2.0]
    alone = _ensemble().combine({"a": _seen(*windows)}).raw
    found = _ensemble(rule).combine({"a": _seen(*windows)}).raw
    assert alone < 0.5
    assert found == pytest.approx(2.5)
    short = windows[5:10]
    assert _ensemble(rule).combine({"a": _seen(*short)}) == _ensemble().combine(
        {"a": _seen(*short)}
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"fit audio.encoder": [1.0]},
        {"fit audio.encoder": 1.0},
        {"fit audio.encoder": [1.0, 0.0]},
        {"fit audio.encoder": [1.0, 0.0], "allowances": [0.0] * 4, "inserts": [1.0, 0.0, 0.0]},
        {
            "fit audio.encoder": [1.0, 0.0],
            "narrow fit audio.encoder": [1.0, 0.0],
            "allowances": [0.0],
            "inserts": [1.0, 0.0, 0.0],
        },
    ],
)
def test_a_card_with_broken_fusion_weights_is_invalid(settings: dict[str, object]) -> None:
    card = card_of(named("audio.ensemble")).model_copy(update={"settings": settings})
    with pytest.raises(CardInvalid):
        AudioEnsemble.from_card(card)
