"""The outcome of measuring one detector, as committed in detectors/bench/results/."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Final, Literal

import numpy as np
from pydantic import Field, ValidationError

from detectors import calibration
from detectors.bench.metrics import Floats, Metrics, Sample, measure
from detectors.bench.scores import CLEAN, Score, claims
from detectors.bench.sources import OverSources, over_sources
from detectors.errors import ManifestInvalid
from detectors.registry import Spec
from detectors.result import Claim, Closed
from detectors.zoo.card import Calibration, OperatingPoints

RESULTS: Final = Path(__file__).parent / "results"
SMALLEST_GROUP: Final = 5
"""Groups of fewer items are not reported."""

FOLDS: Final = 5
SMALLEST_FIT: Final = 20  # judged items of each class that a calibration needs
ANY_PAIR: Final = "any"


class Result(Closed):
    """What one detector was measured at. `launderings` has every condition, `none` first.

    Figures are of bona fide items and synthetic ones of the kinds the detector claims to find.
    Groups are of clean items: those of a source, format or pair alone; the synthetic items of a
    generator together with all bona fide ones. Pairs hold both classes with one look and codec (or
    at least from one source), the pair `any` is all of them together; `beyond` has
    the synthetic kinds the detector does not claim, each with all bona fide items. `over_sources` has
    the conditions again, with what other sources may give, where there are enough of them.
    """

    schema_version: Literal["1"] = "1"
    detector: str
    model: str
    protocol: str
    data: str
    threshold: float | None  # on the raw score: where `flagged_*` are counted
    accuses: float | None = None  # the same of `accused_*`; earlier results do not name it
    cpu_seconds: float | None  # a clean item, on average
    abstentions: dict[str, int]
    launderings: dict[str, Metrics]
    groups: dict[str, dict[str, Metrics]]
    over_sources: dict[str, OverSources] = Field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Result":
        """Read a results file. Raises `ManifestInvalid`."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ManifestInvalid(f"{path.name} is not a results file: {error}") from error

    def write(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=1) + "\n")


def evaluate(
    scores: Sequence[Score],
    *,
    detector: str,
    claim: Claim,
    model: str,
    protocol: str,
    data: str,
    threshold: float | None = None,
    accuses: float | None = None,
) -> Result:
    """Measure the scores of one detector that makes `claim`.

    Ratios that are missing are fitted in folds that keep sources together, on the clean items of
    the other folds. A missing threshold is fixed at 5 % false positives on the clean items, where
    there are enough of them. `accuses` is the 1 % point, where there is one.
    """
    claimed = [score for score in scores if claims(claim, score.label) is not None]
    beyond = [score for score in scores if claims(claim, score.label) is None]
    scores = calibrated(claimed)
    clean = [score for score in scores if score.laundering == CLEAN]
    if threshold is None:
        threshold = _threshold(clean)
    points = _Points(threshold, accuses)
    launderings = list(dict.fromkeys([CLEAN, *(score.laundering for score in scores)]))
    spent = [score.seconds for score in clean if score.seconds is not None]
    delivered = {name: [s for s in scores if s.laundering == name] for name in launderings}
    return Result(
        detector=detector,
        model=model,
        protocol=protocol,
        data=data,
        threshold=None if threshold is None else round(threshold, 6),
        cpu_seconds=round(float(np.mean(spent)), 4) if spent else None,
        abstentions=dict(
            Counter(score.reason or "unknown" for score in clean if score.raw is None)
        ),
        accuses=None if accuses is None else round(accuses, 6),
        launderings={name: _measure(rows, points) for name, rows in delivered.items()},
        groups={**_groups(clean, points), "beyond": _beyond(clean, beyond, points)},
        over_sources={
            name: found
            for name, rows in delivered.items()
            if (
                found := over_sources(
                    rows,
                    suspects=threshold,
                    accuses=accuses,
                    published=() if name == CLEAN else clean,
                )
            )
            is not None
        },
    )


def at_points(
    scores: Sequence[Score],
    spec: Spec,
    points: OperatingPoints | None,
    *,
    protocol: str,
    data: str,
) -> Result:
    """Measure the scores of a detector at the thresholds of a card."""
    return evaluate(
        scores,
        detector=spec.name,
        claim=spec.claim,
        model=spec.card,
        protocol=protocol,
        data=data,
        threshold=None if points is None else points.fpr_5,
        accuses=None if points is None else points.fpr_1,
    )


@dataclass(frozen=True, slots=True)
class _Points:
    """Where raw scores make suspect, and where they accuse."""

    threshold: float | None
    accuses: float | None


def calibrated(scores: Sequence[Score]) -> list[Score]:
    """Scores with a ratio each where one can be had: given, or fitted without its own fold."""
    if all(score.log10_lr is not None for score in scores if score.raw is not None):
        return list(scores)
    folds = _folds(scores)
    fits = [_fit([s for s in scores if folds[_unit(s)] != fold]) for fold in range(FOLDS)]
    return [_with_ratio(score, fits[folds[_unit(score)]]) for score in scores]


def _unit(score: Score) -> str:
    """What a fold never splits: a source, or an item of which none is known."""
    return score.source or score.path


def _folds(scores: Sequence[Score]) -> dict[str, int]:
    """A fold for each source: the largest first, each to the fold that has the fewest items."""
    sizes = [0] * FOLDS
    folds = {}
    for unit, size in sorted(
        Counter(map(_unit, scores)).items(), key=lambda pair: (-pair[1], pair)
    ):
        folds[unit] = sizes.index(min(sizes))
        sizes[folds[unit]] += size
    return folds


def _fit(scores: list[Score]) -> Calibration | None:
    clean = [score for score in scores if score.laundering == CLEAN]
    raws = _judged(clean, synthetic=False), _judged(clean, synthetic=True)
    if min(raw.size for raw in raws) < SMALLEST_FIT:
        return None
    return calibration.fit(*raws, refits=0)


def _with_ratio(score: Score, fit: Calibration | None) -> Score:
    if fit is None or score.raw is None:
        return score
    return replace(score, log10_lr=calibration.local_ratio(score.raw, fit))


def _threshold(clean: list[Score]) -> float | None:
    """The 5 % operating point as cards fix it; None where there are too few bona fide items."""
    bona_fide = _judged(clean, synthetic=False)
    if 0.05 * (bona_fide.size + 1) < 1:
        return None
    rank = int(0.05 * (bona_fide.size + 1))
    return float(np.sort(bona_fide)[-rank])


def _judged(scores: Sequence[Score], *, synthetic: bool) -> Floats:
    return np.array([s.raw for s in scores if s.raw is not None and s.synthetic == synthetic])


def _measure(scores: Sequence[Score], points: _Points) -> Metrics:
    missing = float("nan")
    return measure(
        Sample(
            synthetic=np.array([score.synthetic for score in scores], np.bool_),
            raw=np.array([missing if s.raw is None else s.raw for s in scores]),
            ratio=np.array([missing if s.log10_lr is None else s.log10_lr for s in scores]),
            allowance=np.array([s.allowance or 0.0 for s in scores]),
        ),
        threshold=points.threshold,
        accuses=points.accuses,
    )


def _groups(clean: list[Score], points: _Points) -> dict[str, dict[str, Metrics]]:
    bona_fide = [score for score in clean if not score.synthetic]
    made = _split((score for score in clean if score.synthetic), attrgetter("generator"))
    groups = {
        "generator": {value: bona_fide + part for value, part in made.items()},
        "source": _split(clean, attrgetter("source")),
        "format": _split(clean, attrgetter("format")),
        "pair": _pairs(clean),
    }
    return {
        group: {value: _measure(part, points) for value, part in parts.items()}
        for group, parts in groups.items()
    }


def _pairs(clean: list[Score]) -> dict[str, list[Score]]:
    """Groups that hold both classes: named pairs, or sources where no pair is named."""
    for key in (attrgetter("pair"), attrgetter("source")):
        parts = _split(clean, key)
        both = {v: part for v, part in parts.items() if len({s.synthetic for s in part}) == 2}
        if both:
            return {**both, ANY_PAIR: [score for part in both.values() for score in part]}
    return {}


def _beyond(clean: list[Score], others: list[Score], points: _Points) -> dict[str, Metrics]:
    bona_fide = [replace(score, log10_lr=None) for score in clean if not score.synthetic]
    kinds = _split((score for score in others if score.laundering == CLEAN), attrgetter("label"))
    return {label: _measure(bona_fide + part, points) for label, part in kinds.items()}


def _split(scores: Iterable[Score], key: Callable[[Score], str]) -> dict[str, list[Score]]:
    """Scores by a fact, in its order; without those that lack it and without small groups."""
    parts: dict[str, list[Score]] = {}
    for score in scores:
        parts.setdefault(key(score), []).append(score)
    parts.pop("", None)
    return {value: parts[value] for value in sorted(parts) if len(parts[value]) >= SMALLEST_GROUP}
