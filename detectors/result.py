"""What a detector run comes to. Whether it ran and what it saw are kept apart."""

from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Closed(BaseModel):
    """Base of every result: frozen, no unknown field, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Outcome(StrEnum):
    SCORED = "scored"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"


class Reason(StrEnum):
    """Why there is no score. Stable codes; the sentence beside them is for people."""

    TOO_SMALL = "too_small"
    TOO_SHORT = "too_short"
    NO_SPEECH = "no_speech"
    NO_FACE = "no_face"
    NO_AUDIO = "no_audio"
    NARROW_BAND = "narrow_band"
    FRAMES_REFUSED = "frames_refused"
    OUT_OF_DOMAIN = "out_of_domain"
    NO_PHOTOGRAPH = "no_photograph"
    WEIGHTS_UNAVAILABLE = "weights_unavailable"
    WRONG_ARITHMETIC = "wrong_arithmetic"
    UNDECODABLE = "undecodable"
    UNMEASURED = "unmeasured"
    INTERNAL_ERROR = "internal_error"


NARROW_BAND_SECONDS: Final = "narrow_band_seconds"
"""Fact of a finding: seconds of speech that were left out as `NARROW_BAND`, beside what was judged."""


SPEECH_SECONDS: Final = "speech_seconds"
"""Fact of a finding: seconds of speech that were judged."""


JUDGED_FRAMES: Final = "judged_frames"
REFUSED_FRAMES: Final = "refused_frames"
"""Facts of a finding about a film: sampled frames that were judged, and that could not be."""


LOOKS_DRAWN: Final = "looks_drawn"
"""Fact of a finding: from 0 to 1, how much a picture looks drawn or designed; absent at 0."""


TWO_VIEWS: Final = "two_views"
"""Fact of a finding: 1 where two views settled the answer, so that no more were looked at and no map drawn."""


UNSUSPECTED: Final = "unsuspected"
"""Fact of a finding: 1 where more views than two were looked at and no map drawn, for want of suspicion."""


UNLIKE: Final = "unlike_the_rest"
"""Fact of a finding: share of a picture, from 0 to 1, whose blocks differ from the rest of it."""


class Claim(StrEnum):
    """What a high score of a detector means."""

    GENERATED = "generated"
    FACE_SWAP = "face_swap"
    LOCAL_EDIT = "local_edit"
    SYNTHETIC_SPEECH = "synthetic_speech"


class Alarm(StrEnum):
    """The strictest operating point the score passes, named by its false-positive rate."""

    NONE = "none"
    FPR_5 = "fpr_5_percent"
    FPR_1 = "fpr_1_percent"


class LikelihoodRatio(Closed):
    """log10 of P(score | synthetic) / P(score | bona fide), with a 95 % bootstrap interval."""

    log10: float
    low: float
    high: float


class Cell(Closed):
    """One rectangle of the heat map; edges are shares of width and height."""

    left: float = Field(ge=0, le=1)
    top: float = Field(ge=0, le=1)
    right: float = Field(ge=0, le=1)
    bottom: float = Field(ge=0, le=1)
    log10_lr: float


class Segment(Closed):
    """One stretch of the time line, in seconds; no ratio where nothing was judged."""

    start: float = Field(ge=0)
    end: float = Field(ge=0)
    log10_lr: float | None
    label: str = ""


class Finding(Closed):
    """The answer of one detector about one file."""

    detector: str
    claim: Claim
    model: str  # name of the model card
    outcome: Outcome
    votes: bool  # only a detector measured on held-out sources may move the verdict
    reason: Reason | None = None
    explanation: str = ""
    raw: float | None = None
    lr: LikelihoodRatio | None = None
    margin: float = Field(
        default=0.0, ge=0
    )  # of `raw`, that arithmetic alone may move; in `lr` too
    alarm: Alarm = Alarm.NONE
    allowance: float = Field(
        default=0.0, exclude_if=lambda value: not value
    )  # of `raw`, by which the thresholds are higher for a file in this condition
    thresholds: str = Field(
        default="", exclude_if=lambda name: not name
    )  # name of the organisation's own that `alarm` is by; nothing: those of the model card
    card_alarm: Alarm | None = Field(
        default=None, exclude_if=lambda alarm: alarm is None
    )  # what the card's thresholds would have given, where its own were used
    unstable: bool = Field(
        default=False, exclude_if=lambda value: not value
    )  # the score passed the 1 % point, and no point after another delivery: `alarm` is lowered
    cells: tuple[Cell, ...] = ()
    segments: tuple[Segment, ...] = ()
    facts: dict[str, float] = Field(default_factory=dict)
    seconds: float = Field(ge=0)

    @model_validator(mode="after")
    def _ran_and_found_agree(self) -> Self:
        scored = self.outcome is Outcome.SCORED
        if scored != (self.lr is not None) or scored != (self.raw is not None):
            raise ValueError(f"{self.detector}: a score goes with SCORED and only with it")
        if scored == (self.reason is not None):
            raise ValueError(f"{self.detector}: {self.outcome} and reason {self.reason} disagree")
        if not scored and not self.explanation:
            raise ValueError(f"{self.detector}: {self.outcome} needs an explanation")
        if not scored and self.alarm is not Alarm.NONE:
            raise ValueError(f"{self.detector}: an alarm needs a score")
        return self
