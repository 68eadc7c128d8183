"""Do detectors still score what comes in as they did? Compared with their cards and with weeks before.

Comparisons for each tenant and detector, over scans that were judged by the card as it is now:

- **over the 5 % point**: the share of scores above the threshold that 5 % of the card's held-out
  real media pass, against that share on the card (Fisher's exact test, two-sided);
- **card**: the distribution of the scores against that of the card's held-out media, mixed from real and
  synthetic ones in whatever share fits best, since nobody knows how much of what comes in is synthetic
  (Kolmogorov-Smirnov; the best share makes the distance smaller, so the test errs towards silence);
- **scores**: the distribution of the calibrated scores against that of the weeks before
  (two-sample Kolmogorov-Smirnov test, two-sided);
- **no score**: the share of files that the detector would not judge, against the weeks before
  (Fisher's exact test).

All p-values of one look are corrected together by Holm's method (Holm 1979). It counts as drift where
the corrected p is below `ALPHA` and the effect, the distance between the two distribution functions,
is at least `EFFECT`: with many scans even a difference that means nothing is significant.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from detectors.errors import DetectorError
from detectors.registry import card_of, specs
from detectors.zoo.card import Calibration, ModelCard, Scores
from service.db.engine import Database
from service.db.lifecycle import first_id
from service.db.scores import Said, Stretch, counted, said_in

if TYPE_CHECKING:
    from detectors.bench.metrics import Floats

ALPHA: Final = 0.01
EFFECT: Final = 0.1
FEWEST: Final = 50
"""Scans on either side, below which nothing is compared."""
MOST_REPORTS: Final = 50_000
"""Looked at in all. Tenants and sides of the comparison share them alike; of each the newest are read."""
STRICT: Final = 0.05
SHARES: Final = 101
"""Shares of synthetic media that are tried, from none to all."""


class Question(StrEnum):
    """What is compared."""

    OVER = "over_5_percent_point"
    CARD = "scores_of_the_card"
    SCORES = "scores"
    NO_SCORE = "no_score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days that are looked at, and the days before them that they are compared with."""

    now: datetime
    days: int = 7
    before_days: int = 28

    @property
    def begins(self) -> datetime:
        return self.now - timedelta(days=self.days)

    @property
    def reference_begins(self) -> datetime:
        return self.begins - timedelta(days=self.before_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One comparison. Without `p` there were too few scans on a side."""

    tenant: str
    kind: str
    detector: str
    question: Question
    scans: int
    reference: int  # items it is compared with
    was: float | None = None  # a share, or the median of log10 likelihood ratios
    became: float | None = None
    effect: float | None = None
    synthetic_share: float | None = None  # of a mixture of the card's media that fits best
    p: float | None = None
    corrected_p: float | None = None
    left_out: int = 0  # reports of this tenant in these days that were too many to be read

    @property
    def drifted(self) -> bool:
        return (
            self.corrected_p is not None
            and self.effect is not None
            and self.corrected_p < ALPHA
            and self.effect >= EFFECT
        )

    @property
    def is_compared(self) -> bool:
        """Whether there were enough scans on both sides."""
        return self.p is not None

    @property
    def state(self) -> str:
        if not self.is_compared:
            return "too few scans"
        return "drift" if self.drifted else "as before"

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "state": self.state}


@dataclass(slots=True)
class _Sides:
    """What one detector said of one tenant's files, in the window and before it."""

    now: list[Said] = field(default_factory=list)
    before: list[Said] = field(default_factory=list)


def look(database: Database, window: Window, tenant: str | None = None) -> tuple[Compared, ...]:
    """Compare what reports in the database say. Raises `SQLAlchemyError`, `DetectorError`."""
    first, border = first_id(window.reference_begins), first_id(window.begins)
    there = counted(database, first, border, tenant=tenant)
    read = shares(there, MOST_REPORTS)
    answers = (
        said for stretch, most in read.items() for said in said_in(database, stretch, most=most)
    )
    found = compare(answers, _cards(), window)
    left: Counter[str] = Counter()
    for stretch, count in there.items():
        left[stretch.tenant] += count - read[stretch]
    return tuple(replace(item, left_out=left[item.tenant]) for item in found)


def shares(there: Mapping[Stretch, int], most: int) -> dict[Stretch, int]:
    """So many of each that all together are `most`: the small ones whole, the others alike."""
    shared: dict[Stretch, int] = {}
    left = most
    for number, (stretch, count) in enumerate(sorted(there.items(), key=lambda it: (it[1], it[0]))):
        shared[stretch] = min(count, left // (len(there) - number))
        left -= shared[stretch]
    return shared


def compare(
    answers: Iterable[Said], cards: Mapping[str, ModelCard], window: Window
) -> tuple[Compared, ...]:
    """Every comparison that can be made of these answers, and those that have too few."""
    border, sides = first_id(window.begins), defaultdict[tuple[str, str], _Sides](_Sides)
    for said in answers:
        card = cards.get(said.detector)
        if card is not None and card.digest == said.digest:
            place = sides[said.tenant, said.detector]
            (place.now if said.scan_id >= border else place.before).append(said)
    found = [
        item for key in sorted(sides) for item in _compared(sides[key], cards[key[1]]) if item.scans
    ]
    return _corrected(found)


def figures_of(found: Iterable[Compared]) -> dict[str, float]:
    """The greatest effect that counts as drift, by detector and question; 0 where none does."""
    worst: dict[str, float] = {}
    for item in found:
        name = f"{item.detector} {item.question}"
        effect = item.effect if item.drifted and item.effect is not None else 0.0
        worst[name] = max(worst.get(name, 0.0), effect)
    return worst


def _cards() -> dict[str, ModelCard]:
    found = {}
    for spec in specs():
        try:
            found[spec.name] = card_of(spec)
        except DetectorError:
            if not spec.published:  # of what was pulled and is damaged `assay doctor` tells
                raise
    return found


def _compared(sides: _Sides, card: ModelCard) -> Iterator[Compared]:
    first = next(iter((*sides.now, *sides.before)))
    blank = partial(Compared, tenant=first.tenant, kind=first.kind, detector=first.detector)
    scores = [(said.raw, said.allowance) for said in sides.now if said.raw is not None]
    points = card.operating_points
    if points is not None:
        over = sum(raw > points.fpr_5 + allowance for raw, allowance in scores)
        passing = math.floor(STRICT * (points.bona_fide + 1)) - 1  # as the threshold was fixed
        yield _shares(
            blank(question=Question.OVER, scans=len(scores), reference=points.bona_fide),
            (passing, points.bona_fide),
            (over, len(scores)),
        )
    if card.scores is not None and card.calibration is not None:
        known = card.scores
        items = known.bona_fide_items + known.synthetic_items
        yield _beside_card(
            blank(question=Question.CARD, scans=len(scores), reference=items),
            [raw - allowance for raw, allowance in scores],
            known,
            card.calibration,
        )
    was, became = _ratios(sides.before), _ratios(sides.now)
    yield _distributions(
        blank(question=Question.SCORES, scans=len(became), reference=len(was)), was, became
    )
    yield _shares(
        blank(question=Question.NO_SCORE, scans=len(sides.now), reference=len(sides.before)),
        (sum(said.raw is None for said in sides.before), len(sides.before)),
        (sum(said.raw is None for said in sides.now), len(sides.now)),
    )


def _ratios(answers: Sequence[Said]) -> list[float]:
    return [said.log10_lr for said in answers if said.log10_lr is not None]


def _shares(item: Compared, was: tuple[int, int], became: tuple[int, int]) -> Compared:
    if min(was[1], became[1]) < FEWEST:
        return item
    import numpy as np
    from scipy.stats import fisher_exact  # slow to load

    table = np.array([[became[0], became[1] - became[0]], [was[0], was[1] - was[0]]])
    before, now = was[0] / was[1], became[0] / became[1]
    p = float(fisher_exact(table).pvalue)
    return replace(item, was=before, became=now, effect=abs(now - before), p=p)


def _distributions(item: Compared, was: Sequence[float], became: Sequence[float]) -> Compared:
    if min(len(was), len(became)) < FEWEST:
        return item
    from scipy.stats import ks_2samp

    found = ks_2samp(became, was)
    return replace(
        item,
        was=median(was),
        became=median(became),
        effect=float(found.statistic),
        p=float(found.pvalue),
    )


def _beside_card(
    item: Compared, raws: Sequence[float], known: Scores, line: Calibration
) -> Compared:
    """The distance to the nearest mixture of the card's real and synthetic media.

    Were the mixture known, this would be a two-sample test with a second sample of
    1 / ((1 - s)^2 / real + s^2 / synthetic) items at a share of s (Kish 1965). The nearest one is no
    farther than the true one, so p is too large rather than too small.
    """
    if min(len(raws), known.bona_fide_items, known.synthetic_items) < FEWEST:
        return item
    import numpy as np
    from scipy.special import kolmogorov

    ordered = np.sort(np.asarray(raws))
    real, made = (_shares_below(ordered, side) for side in (known.bona_fide, known.synthetic))
    shares = np.linspace(0, 1, SHARES)[:, None]
    mixed = (1 - shares) * real + shares * made
    steps = np.arange(ordered.size + 1) / ordered.size
    distances = np.maximum(steps[1:] - mixed, mixed - steps[:-1]).max(axis=1)
    share, distance = float(shares[distances.argmin(), 0]), float(distances.min())
    beside = 1 / ((1 - share) ** 2 / known.bona_fide_items + share**2 / known.synthetic_items)
    slope, intercept = line.pairs[0]
    grid = np.sort([*known.bona_fide, *known.synthetic])
    below = [_shares_below(grid, side) for side in (known.bona_fide, known.synthetic)]
    usual = float(np.interp(0.5, (1 - share) * below[0] + share * below[1], grid))
    return replace(
        item,
        was=slope * usual + intercept,
        became=slope * median(raws) + intercept,
        effect=distance,
        synthetic_share=share,
        p=float(kolmogorov(math.sqrt(ordered.size * beside / (ordered.size + beside)) * distance)),
    )


def _shares_below(scores: "Floats", quantiles: Sequence[float]) -> "Floats":
    import numpy as np

    return np.interp(scores, quantiles, np.linspace(0, 1, len(quantiles)))


def _corrected(found: Sequence[Compared]) -> tuple[Compared, ...]:
    """Holm's correction over all that were compared."""
    ranked = sorted((item.p, index) for index, item in enumerate(found) if item.p is not None)
    corrected: dict[int, float] = {}
    highest = 0.0
    for rank, (p, index) in enumerate(ranked):
        highest = max(highest, min(1.0, p * (len(ranked) - rank)))
        corrected[index] = highest
    return tuple(
        replace(item, corrected_p=corrected.get(index)) for index, item in enumerate(found)
    )
