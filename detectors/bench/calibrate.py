"""From measured scores to what they mean: calibration, thresholds and figures for a pulled detector."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from detectors import calibration
from detectors.bench.metrics import Floats, Metrics
from detectors.bench.result import Result, evaluate
from detectors.bench.scores import CLEAN, Score, claims
from detectors.errors import ManifestInvalid
from detectors.registry import Spec
from detectors.training.cards import measured_line
from detectors.zoo.card import Measured, OperatingPoints
from detectors.zoo.pulled import OperatorCalibration

LEAST: Final = 50
"""Judged clean items of each class without which nothing is fitted."""


def calibrated_on(
    scores: Sequence[Score], spec: Spec, data: str, *, binding: str
) -> OperatorCalibration:
    """What raw scores of `spec` mean, by these items under every laundering that was measured.

    The line is fitted on all conditions together, each threshold is the strictest of any condition,
    and the figures are of folds that keep sources together. Raises `ManifestInvalid` where the
    items are too few or the detector does not tell the classes apart.
    """
    fresh = [
        replace(score, log10_lr=None)
        for score in scores
        if claims(spec.claim, score.label) is not None
    ]
    clean = [score for score in fresh if score.laundering == CLEAN]
    items = _raws(clean, synthetic=False).size, _raws(clean, synthetic=True).size
    require_enough(*items, of=f"{spec.card} judged")
    result = evaluate(
        fresh,
        detector=spec.name,
        claim=spec.claim,
        model=spec.card,
        protocol="calibration of a pulled model",
        data=data,
    )
    _require_sense(result, spec)
    classes = _raws(fresh, synthetic=False), _raws(fresh, synthetic=True)
    return OperatorCalibration(
        weights=binding,
        data=data,
        measured_at=datetime.now(UTC),
        measured=tuple(_line(data, name, found) for name, found in result.launderings.items()),
        calibration=calibration.fit(*classes),
        operating_points=_thresholds(fresh),
        scores=calibration.distribution(*classes, items),
    )


def require_enough(bona_fide: int, synthetic: int, *, of: str) -> None:
    """Raises `ManifestInvalid` where there are too few items of a class to calibrate on."""
    if min(bona_fide, synthetic) < LEAST:
        raise ManifestInvalid(
            f"{of} {bona_fide} bona fide and {synthetic} synthetic items; "
            f"a calibration takes {LEAST} of each"
        )


def _require_sense(result: Result, spec: Spec) -> None:
    """A detector that ranks the classes the wrong way round, or by chance, gets no vote."""
    auc = result.launderings[CLEAN].auc
    if auc is None or auc.low <= 0.5:
        shown = "none" if auc is None else f"{auc.value:.3f}, 95 % {auc.low:.3f} to {auc.high:.3f}"
        raise ManifestInvalid(
            f"{spec.card} does not tell these items apart (AUC {shown}), so nothing was kept"
        )


def _line(data: str, laundering: str, found: Metrics) -> Measured:
    clean = laundering == CLEAN
    on = f"{data}, measured here{'' if clean else f', laundered: {laundering}'}"
    try:
        return measured_line(on, found)
    except ValueError as error:
        raise ManifestInvalid(
            "folds that keep sources together leave too few items of a class to calibrate on: "
            "name more sources in the manifest, each with some items"
        ) from error


def _thresholds(scores: Sequence[Score]) -> OperatingPoints:
    """Thresholds that keep their false-positive rate under every condition: the highest of each."""
    conditions = dict.fromkeys(score.laundering for score in scores)
    try:
        points = [
            calibration.operating_points(
                _raws([s for s in scores if s.laundering == condition], synthetic=False)
            )
            for condition in conditions
        ]
    except ValueError as error:
        raise ManifestInvalid(f"after a laundering too few items are judged: {error}") from error
    strict = [point.fpr_1 for point in points]
    return OperatingPoints(
        fpr_5=max(point.fpr_5 for point in points),
        fpr_1=None if None in strict else max(value for value in strict if value is not None),
        bona_fide=min(point.bona_fide for point in points),
    )


def _raws(scores: Sequence[Score], *, synthetic: bool) -> Floats:
    return np.array([s.raw for s in scores if s.raw is not None and s.synthetic == synthetic])
