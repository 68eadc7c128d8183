"""Run detectors on decoded media and turn what they observe into calibrated findings."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from detectors import calibration
from detectors.base import Begins, Begun, Kind, Media, Observation, Patch, Span, kind_of
from detectors.errors import (
    DetectorError,
    MediaError,
    NotApplicable,
    WeightsMismatch,
    WeightsMissing,
    WeightsUnfit,
    WrongArithmetic,
)
from detectors.fusion import Ensemble
from detectors.registry import Effort, Spec, card_of, load, own_thresholds, specs_for, votes
from detectors.result import Alarm, Cell, Finding, Outcome, Reason, Segment
from detectors.zoo.card import Calibration, ModelCard, OperatingPoints
from detectors.zoo.public.card import PublicCard

log = logging.getLogger(__name__)

DRAWN: Final = "The picture looks drawn or designed. This method was made for photographs."


@dataclass(frozen=True, slots=True)
class Start:
    """A judge that began before the whole file was there, and when."""

    judge: Begun
    clock: float


def begin(kind: Kind, effort: Effort) -> dict[str, Start]:
    """The detectors of this kind that need not wait for the end of a file, by name.

    One that cannot be loaded is left out: its finding says so.
    """
    begun: dict[str, Start] = {}
    for spec in specs_for(kind, effort):
        if spec.within or _never_measured(spec) is not None:
            continue
        with suppress(Exception):
            judge = load(spec)
            early = judge.begin() if isinstance(judge, Begins) else None
            if early is not None:
                begun[spec.name] = Start(early, time.perf_counter())
    return begun


@dataclass(slots=True)
class Run:
    """The detectors of one file, run in order; experts run once and feed their ensemble."""

    media: Media
    effort: Effort = Effort.FULL
    begun: Mapping[str, Start] = field(default_factory=dict)
    observed: dict[str, Observation] = field(default_factory=dict)
    refused: dict[str, NotApplicable] = field(default_factory=dict)

    def findings(self, started: Callable[[Spec], None] = lambda spec: None) -> Iterator[Finding]:
        """One finding a detector. `started` hears of each before it runs, for progress."""
        for spec in specs_for(kind_of(self.media), self.effort):
            started(spec)
            yield self.asked(spec)

    def asked(self, spec: Spec) -> Finding:
        """As `finding`, but a pulled detector that was never measured is not run for nothing."""
        return _never_measured(spec) or self.finding(spec)

    def finding(self, spec: Spec) -> Finding:
        """Run one detector. Whatever happens comes back as a finding, a crash as FAILED."""
        start = self.begun.get(spec.name)
        clock = time.perf_counter() if start is None else start.clock
        try:
            observation = self._observe(spec)
            found = _scored(spec, clock, observation)
        except NotApplicable as error:
            self.refused[spec.name] = error.anew()
            return _unscored(spec, clock, Outcome.NOT_APPLICABLE, error.reason, str(error))
        except WeightsUnfit as error:
            log.exception("weights do not fit", extra={"detector": spec.name})
            return _unscored(spec, clock, Outcome.FAILED, Reason.WEIGHTS_UNAVAILABLE, str(error))
        except (WeightsMissing, WeightsMismatch) as error:
            return _unscored(spec, clock, Outcome.FAILED, Reason.WEIGHTS_UNAVAILABLE, str(error))
        except WrongArithmetic as error:
            return _unscored(spec, clock, Outcome.FAILED, Reason.WRONG_ARITHMETIC, str(error))
        except MediaError as error:
            return _unscored(spec, clock, Outcome.FAILED, Reason.UNDECODABLE, str(error))
        except DetectorError as error:
            return _unscored(spec, clock, Outcome.FAILED, Reason.INTERNAL_ERROR, str(error))
        except Exception:
            log.exception("detector crashed", extra={"detector": spec.name})
            return _unscored(spec, clock, Outcome.FAILED, Reason.INTERNAL_ERROR, "internal error")
        self.observed[spec.name] = observation
        return found

    def _observe(self, spec: Spec) -> Observation:
        outside = self.refused.get(spec.within)
        if outside is not None and outside.reason is Reason.NO_PHOTOGRAPH:
            raise outside.anew()
        if spec.within in self.observed and self.observed[spec.within].drawn > 0:
            raise NotApplicable(Reason.NO_PHOTOGRAPH, DRAWN)
        if spec.name in self.begun:
            return self.begun[spec.name].judge.observe(self.media)
        judge = load(spec)
        if isinstance(judge, Ensemble):
            parts = {name: self.observed[name] for name in spec.fuses if name in self.observed}
            refused = [self.refused[name] for name in spec.fuses if name in self.refused]
            if refused and not parts:
                raise refused[0].anew()
            return judge.combine(parts)
        return judge.observe(self.media)


def _scored(spec: Spec, clock: float, seen: Observation) -> Finding:
    card = card_of(spec)
    if card.calibration is None:
        text = "The score of this model is not calibrated, so it is not shown."
        return _unscored(spec, clock, Outcome.NOT_APPLICABLE, Reason.UNMEASURED, text)
    return Finding(
        detector=spec.name,
        claim=spec.claim,
        model=card.name,
        outcome=Outcome.SCORED,
        votes=votes(spec),
        raw=seen.raw,
        margin=seen.margin,
        lr=calibration.likelihood_ratio(seen.raw, card.calibration, margin=seen.margin),
        allowance=seen.allowance,
        **_alarms(spec, card, seen),
        cells=tuple(_cell(patch, card.calibration) for patch in seen.patches),
        segments=tuple(_segment(span, card.calibration, seen.allowance) for span in seen.spans),
        facts=dict(seen.facts),
        seconds=time.perf_counter() - clock,
    )


def _never_measured(spec: Spec) -> Finding | None:
    """What is said of a pulled detector without a calibration: a score could not be shown."""
    try:
        if not spec.published or card_of(spec).calibration is not None:
            return None
    except DetectorError:
        return None  # running it says what is wrong
    text = (
        f"{spec.card} was pulled but never measured here, so it was not asked: "
        f"{PublicCard.read(spec.card).measured_by}"
    )
    clock = time.perf_counter()
    return _unscored(spec, clock, Outcome.NOT_APPLICABLE, Reason.UNMEASURED, text)


def _unscored(
    spec: Spec, clock: float, outcome: Outcome, reason: Reason, explanation: str
) -> Finding:
    return Finding(
        detector=spec.name,
        claim=spec.claim,
        model=spec.card,
        outcome=outcome,
        votes=votes(spec),
        reason=reason,
        explanation=explanation,
        seconds=time.perf_counter() - clock,
    )


def _alarms(spec: Spec, card: ModelCard, seen: Observation) -> dict[str, Any]:
    """The alarm by the organisation's own thresholds where it has some, else by the card's."""
    if card.operating_points is None:
        return {"alarm": Alarm.NONE}
    by_card, unstable = _steady(seen, card.operating_points)
    own = own_thresholds()
    points = None if own is None else own.of(spec.name, card)
    if own is None or points is None:
        return {"alarm": by_card, "unstable": unstable}
    alarm, unstable = _steady(seen, points)
    return {
        "alarm": alarm,
        "unstable": unstable,
        "thresholds": own.name,
        "card_alarm": by_card,
    }


def _steady(seen: Observation, points: OperatingPoints) -> tuple[Alarm, bool]:
    """The alarm, and whether it was lowered since another delivery would take it away."""
    alarm = calibration.alarm(seen.raw - seen.allowance, points)
    if alarm is not Alarm.FPR_1 or seen.redelivered is None:
        return alarm, False
    later = calibration.alarm(seen.redelivered - seen.allowance, points)
    return (Alarm.FPR_5, True) if later is Alarm.NONE else (alarm, False)


def _cell(patch: Patch, line: Calibration) -> Cell:
    return Cell(
        left=patch.left,
        top=patch.top,
        right=patch.right,
        bottom=patch.bottom,
        log10_lr=calibration.local_ratio(patch.raw, line),
    )


def _segment(span: Span, line: Calibration, allowance: float) -> Segment:
    """A part leans by as much less as the thresholds of the whole are higher."""
    ratio = None if span.raw is None else calibration.local_ratio(span.raw - allowance, line)
    return Segment(start=span.start, end=span.end, log10_lr=ratio, label=span.label)
