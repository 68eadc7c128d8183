"""Calibrating a pulled detector: only on enough items, only when it tells them apart."""

import numpy as np
import pytest

from detectors.bench.calibrate import LEAST, calibrated_on
from detectors.bench.scores import Score
from detectors.errors import ManifestInvalid
from detectors.registry import named

SPEC = named("image.ferretnet")
BINDING = "0" * 64


def scores(
    count: int = 120,
    *,
    gap: float = 2.0,
    launderings: tuple[str, ...] = ("none",),
    sources: int = 6,
) -> list[Score]:
    rng = np.random.default_rng(3)
    return [
        Score(
            path=f"{label}/{index}.png",
            label=label,
            raw=float(rng.normal(gap if label == "ai_generated" else shift, 1.0)),
            source=f"source {index % sources}",
            laundering=laundering,
        )
        for shift, laundering in enumerate(launderings)
        for label in ("real", "ai_generated")
        for index in range(count)
    ]


def test_it_gives_figures_a_line_and_thresholds() -> None:
    found = calibrated_on(scores(), SPEC, "mine", binding=BINDING)
    assert found.weights == BINDING
    assert found.measured[0].items == 240
    assert 0.85 < found.measured[0].auc < 0.99
    assert found.measured[0].on == "mine, measured here"
    assert found.calibration.pairs[0][0] > 0
    real = sorted((s.raw or 0.0 for s in scores() if not s.synthetic), reverse=True)
    assert found.operating_points.fpr_1 == real[0]
    assert found.operating_points.fpr_5 == real[5]
    assert found.operating_points.bona_fide == 120


def test_thresholds_hold_under_every_laundering() -> None:
    found = calibrated_on(scores(launderings=("none", "jpeg-70")), SPEC, "mine", binding=BINDING)
    alone = calibrated_on(scores(), SPEC, "mine", binding=BINDING)
    assert found.operating_points.fpr_5 > alone.operating_points.fpr_5
    assert [line.on for line in found.measured] == [
        "mine, measured here",
        "mine, measured here, laundered: jpeg-70",
    ]


def test_few_bona_fide_items_fix_no_strict_threshold() -> None:
    found = calibrated_on(scores(60), SPEC, "mine", binding=BINDING)
    assert found.operating_points.fpr_1 is None


def test_abstentions_are_left_out_and_too_few_items_are_refused() -> None:
    judged = scores(LEAST)
    assert calibrated_on(judged, SPEC, "mine", binding=BINDING)
    abstained = Score(path="x", label="real", raw=None, reason="too_small")
    with pytest.raises(ManifestInvalid, match="49 bona fide and 50 synthetic"):
        calibrated_on([*judged[1:], abstained], SPEC, "mine", binding=BINDING)


@pytest.mark.parametrize("gap", [0.0, -2.0])
def test_a_detector_that_does_not_tell_them_apart_gets_no_vote(gap: float) -> None:
    with pytest.raises(ManifestInvalid, match="does not tell these items apart"):
        calibrated_on(scores(gap=gap), SPEC, "mine", binding=BINDING)


def test_kinds_that_it_does_not_claim_do_not_count() -> None:
    swaps = [Score(path=f"s{i}", label="face_swap", raw=-9.0) for i in range(100)]
    found = calibrated_on([*scores(), *swaps], SPEC, "mine", binding=BINDING)
    assert found.measured[0].items == 240


def test_one_source_for_each_class_is_refused_because_no_fold_has_both() -> None:
    alone = [Score(path=s.path, label=s.label, raw=s.raw, source=s.label) for s in scores()]
    with pytest.raises(ManifestInvalid, match="name more sources"):
        calibrated_on(alone, SPEC, "mine", binding=BINDING)
