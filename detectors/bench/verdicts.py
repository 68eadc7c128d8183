"""What whole reports were measured at: verdicts, the file's ratio beside its parts, and deliveries."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from pydantic import ValidationError

from detectors.base import Kind
from detectors.bench.metrics import Metrics, Roc, Sample, measure
from detectors.bench.scores import CLEAN, LABELS, Score
from detectors.bench.shares import Share
from detectors.bench.sources import OverSources, over_sources, share_over_sources
from detectors.errors import ManifestInvalid
from detectors.result import Closed


class Outcome(StrEnum):
    """What a report comes to for whoever asked."""

    ACCUSED = "accused"
    SUSPECTED = "suspected"  # inconclusive, and something passed a threshold
    OPEN = "open"  # inconclusive for another reason
    NO_SIGN = "no_sign"
    TOLD = "told"  # decided by credentials, markers or watermarks, not by classifiers
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


_UNDECIDED: Final = "inconclusive"
_OUTCOMES: Final = MappingProxyType(
    {
        "likely_synthetic": Outcome.ACCUSED,
        "likely_manipulated": Outcome.ACCUSED,
        "no_sign_found": Outcome.NO_SIGN,
        "not_applicable": Outcome.NOT_APPLICABLE,
        "credentials_broken": Outcome.TOLD,
        "verified_ai": Outcome.TOLD,
        "verified_capture": Outcome.TOLD,
        "declared_ai": Outcome.TOLD,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One report about one item: its verdict, its ratio, and that of each detector with a vote."""

    path: str
    kind: Kind
    label: str  # a key of LABELS
    verdict: str  # or the code of the error instead of one
    source: str = ""
    laundering: str = CLEAN
    suspected: bool = False  # a detector with a vote passed one of its thresholds
    ratio: float | None = None  # log10; None: every detector abstained
    parts: Mapping[str, float] = field(default_factory=dict)  # detector -> log10 ratio

    @property
    def outcome(self) -> Outcome:
        if self.verdict == _UNDECIDED:
            return Outcome.SUSPECTED if self.suspected else Outcome.OPEN
        return _OUTCOMES.get(self.verdict, Outcome.ERROR)

    @property
    def synthetic(self) -> bool:
        return LABELS[self.label]

    @property
    def accused(self) -> bool:
        return self.outcome is Outcome.ACCUSED

    @property
    def item(self) -> tuple[str, str]:
        """What is the same item after another delivery."""
        return self.source, self.path


class Part(Closed):
    """One voting detector alone, and what the file's ratio has over it on items both judged."""

    alone: Metrics
    gain: float | None  # AUC of the file's ratio less its own; None without both classes


class Among(Closed):
    """What was said of the items of one class. Intervals are over sources where ten or more are named."""

    items: int
    sources: int
    shares: dict[Outcome, Share]


class Condition(Closed):
    """Reports about items that arrived in one form."""

    bona_fide: Among | None
    synthetic: Among | None
    ratio: Metrics
    over_sources: OverSources | None  # of the ratio
    parts: dict[str, Part]


class Delivery(Closed):
    """What became of the verdicts of clean items after one more delivery."""

    flipped: Share | None
    """Accused before and not after, or the other way round, of those that classifiers decided both times."""
    changed: Share | None  # any other verdict than before


class OfKind(Closed):
    """Verdicts and ratios of one kind of media, by the form that items arrived in, `none` first."""

    verdicts: dict[str, dict[str, int]]  # label -> verdict or error -> clean items
    conditions: dict[str, Condition]
    deliveries: dict[str, Delivery]


class Verdicts(Closed):
    """Whole reports, by kind of media."""

    schema_version: Literal["2"] = "2"
    data: str
    kinds: dict[Kind, OfKind]

    @classmethod
    def read(cls, path: Path) -> "Verdicts":
        """Read what was written. Raises `ManifestInvalid`."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ManifestInvalid(f"{path.name} holds no measured verdicts: {error}") from error

    def write(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=1) + "\n")


def measured(answers: Sequence[Answered], data: str) -> Verdicts:
    """Measure reports about labelled items."""
    kinds = dict.fromkeys(item.kind for item in answers)
    return Verdicts(
        data=data,
        kinds={kind: _of_kind([a for a in answers if a.kind is kind]) for kind in sorted(kinds)},
    )


def _of_kind(answers: list[Answered]) -> OfKind:
    names = dict.fromkeys([CLEAN, *(item.laundering for item in answers)])
    by_form = {name: [item for item in answers if item.laundering == name] for name in names}
    counts: dict[str, Counter[str]] = {}
    for item in by_form[CLEAN]:
        counts.setdefault(item.label, Counter())[item.verdict] += 1
    return OfKind(
        verdicts={label: dict(found) for label, found in counts.items()},
        conditions={name: _condition(own) for name, own in by_form.items()},
        deliveries={
            name: _delivery(by_form[CLEAN], own) for name, own in by_form.items() if name != CLEAN
        },
    )


def _condition(answers: list[Answered]) -> Condition:
    names = sorted({name for item in answers for name in item.parts})
    return Condition(
        bona_fide=_among([item for item in answers if not item.synthetic]),
        synthetic=_among([item for item in answers if item.synthetic]),
        ratio=_measure(answers, [item.ratio for item in answers]),
        over_sources=over_sources(
            [
                Score(path=item.path, label=item.label, source=item.source, raw=item.ratio)
                for item in answers
            ]
        ),
        parts={name: _part(answers, name) for name in names},
    )


def _among(answers: list[Answered]) -> Among | None:
    sources = [item.source for item in answers]
    shares = {
        outcome: found
        for outcome in Outcome
        if (found := share_over_sources([item.outcome is outcome for item in answers], sources))
    }
    return Among(items=len(answers), sources=len(set(sources)), shares=shares) if shares else None


def _part(answers: list[Answered], name: str) -> Part:
    own = [item.parts.get(name) for item in answers]
    both = [item for item in answers if name in item.parts and item.ratio is not None]
    synthetic = np.array([item.synthetic for item in both], np.bool_)
    gain = None
    if synthetic.any() and not synthetic.all():
        whole = np.array([item.ratio for item in both], np.float64)
        alone = np.array([item.parts[name] for item in both], np.float64)
        areas = [float(Roc.of(scores, synthetic).auc()[0]) for scores in (whole, alone)]
        gain = round(areas[0] - areas[1], 4)
    return Part(alone=_measure(answers, own), gain=gain)


def _delivery(clean: list[Answered], after: list[Answered]) -> Delivery:
    before = {item.item: item for item in clean}
    pairs = [(before[item.item], item) for item in after if item.item in before]
    judged = [pair for pair in pairs if all(item.outcome is not Outcome.TOLD for item in pair)]

    def share_of(pairs: list[tuple[Answered, Answered]], what: str) -> Share | None:
        hits = [getattr(one, what) != getattr(two, what) for one, two in pairs]
        return share_over_sources(hits, [item.source for item, _ in pairs])

    return Delivery(flipped=share_of(judged, "accused"), changed=share_of(pairs, "verdict"))


def _measure(answers: list[Answered], ratios: list[float | None]) -> Metrics:
    values = np.array([np.nan if ratio is None else ratio for ratio in ratios], np.float64)
    synthetic = np.array([item.synthetic for item in answers], np.bool_)
    return measure(Sample(synthetic=synthetic, raw=values, ratio=values))
