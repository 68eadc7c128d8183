"""What whole reports were measured at: verdicts, the file's ratio beside its parts, and deliveries."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from pydantic import ValidationError

from detectors.base import Kind
from detectors.bench.metrics import Metrics, Roc, Sample, measure
from detectors.bench.scores import CLEAN, LABELS
from detectors.bench.shares import Share, share
from detectors.errors import ManifestInvalid
from detectors.result import Closed

ACCUSES: Final = frozenset({"likely_synthetic", "likely_manipulated"})
UNDECIDED: Final = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One report about one item: its verdict, its ratio, and that of each detector with a vote."""

    path: str
    kind: Kind
    label: str  # a key of LABELS
    verdict: str  # or the code of the error instead of one
    laundering: str = CLEAN
    ratio: float | None = None  # log10; None: every detector abstained
    parts: Mapping[str, float] = field(default_factory=dict)  # detector -> log10 ratio


class Part(Closed):
    """One voting detector alone, and what the file's ratio has over it on items both judged."""

    alone: Metrics
    gain: float | None  # AUC of the file's ratio less its own; None without both classes


class Delivery(Closed):
    """What became of the verdicts of clean items after one more delivery."""

    flipped: Share | None  # accused before and not after, or the other way round
    changed: Share | None  # any other verdict than before
    accused_bona_fide: Share | None


class OfKind(Closed):
    """Verdicts and ratios of one kind of media."""

    verdicts: dict[str, dict[str, int]]  # label -> verdict or error -> clean items
    accused_bona_fide: Share | None
    undecided_bona_fide: Share | None
    accused_synthetic: Share | None
    undecided_synthetic: Share | None
    ratio: Metrics
    parts: dict[str, Part]
    deliveries: dict[str, Delivery]


class Verdicts(Closed):
    """Whole reports, by kind of media."""

    schema_version: Literal["1"] = "1"
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
    clean = [item for item in answers if item.laundering == CLEAN]
    counts: dict[str, Counter[str]] = {}
    for item in clean:
        counts.setdefault(item.label, Counter())[item.verdict] += 1
    names = sorted({name for item in clean for name in item.parts})
    conditions = dict.fromkeys(item.laundering for item in answers)
    return OfKind(
        verdicts={label: dict(found) for label, found in counts.items()},
        accused_bona_fide=_share(clean, ACCUSES, synthetic=False),
        undecided_bona_fide=_share(clean, {UNDECIDED}, synthetic=False),
        accused_synthetic=_share(clean, ACCUSES, synthetic=True),
        undecided_synthetic=_share(clean, {UNDECIDED}, synthetic=True),
        ratio=_measure(clean, [item.ratio for item in clean]),
        parts={name: _part(clean, name) for name in names},
        deliveries={
            name: _delivery(clean, [item for item in answers if item.laundering == name])
            for name in conditions
            if name != CLEAN
        },
    )


def _part(clean: list[Answered], name: str) -> Part:
    own = [item.parts.get(name) for item in clean]
    both = [item for item in clean if name in item.parts and item.ratio is not None]
    synthetic = np.array([LABELS[item.label] for item in both], np.bool_)
    gain = None
    if synthetic.any() and not synthetic.all():
        whole = np.array([item.ratio for item in both], np.float64)
        alone = np.array([item.parts[name] for item in both], np.float64)
        areas = [float(Roc.of(scores, synthetic).auc()[0]) for scores in (whole, alone)]
        gain = round(areas[0] - areas[1], 4)
    return Part(alone=_measure(clean, own), gain=gain)


def _delivery(clean: list[Answered], after: list[Answered]) -> Delivery:
    before = {item.path: item for item in clean}
    pairs = [(before[item.path], item) for item in after if item.path in before]
    accused = [(one.verdict in ACCUSES, other.verdict in ACCUSES) for one, other in pairs]
    return Delivery(
        flipped=share(sum(one != other for one, other in accused), len(pairs)),
        changed=share(sum(one.verdict != other.verdict for one, other in pairs), len(pairs)),
        accused_bona_fide=_share(after, ACCUSES, synthetic=False),
    )


def _share(
    answers: Sequence[Answered], verdicts: frozenset[str] | set[str], *, synthetic: bool
) -> Share | None:
    own = [item for item in answers if LABELS[item.label] is synthetic]
    return share(sum(item.verdict in verdicts for item in own), len(own))


def _measure(answers: list[Answered], ratios: list[float | None]) -> Metrics:
    values = np.array([np.nan if ratio is None else ratio for ratio in ratios], np.float64)
    synthetic = np.array([LABELS[item.label] for item in answers], np.bool_)
    return measure(Sample(synthetic=synthetic, raw=values, ratio=values))
