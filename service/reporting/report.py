"""The report: the one document that page, API, command line and benchmarks are views of."""

import json
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from detectors.base import Kind
from detectors.media.sniff import TracedAs
from detectors.result import Alarm, Claim, Closed, Finding, LikelihoodRatio
from provenance.declared import Watermark
from provenance.result import Provenance
from provenance.similarity.result import Match
from service.errors import ReportInvalid
from service.reporting.decision import PolicyDecision


class Verdict(StrEnum):
    """The verdict of a report. Absence of signs is never called authentic."""

    VERIFIED_CAPTURE = "verified_capture"
    VERIFIED_AI = "verified_ai"
    CREDENTIALS_BROKEN = "credentials_broken"
    DECLARED_AI = "declared_ai"
    LIKELY_SYNTHETIC = "likely_synthetic"
    LIKELY_MANIPULATED = "likely_manipulated"
    NO_SIGN_FOUND = "no_sign_found"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"


class Rank(IntEnum):
    """How strong a kind of evidence is; 1 is the strongest."""

    TRUSTED_CREDENTIALS = 1
    BROKEN_CREDENTIALS = 2
    UNTRUSTED_CREDENTIALS = 3
    WATERMARK = 4
    DECLARED_MARKER = 5
    RECOVERED_CREDENTIALS = 6
    CLASSIFIER = 7
    CONSISTENCY = 8
    SECOND_OPINION = 9


class Signal(StrEnum):
    """Everything a piece of evidence can say."""

    SIGNED_CAPTURE = "signed_capture"  # trusted signer, chain intact, captured by a device
    SIGNED_AI = "signed_ai"  # trusted signer, chain intact, made or edited by AI
    SIGNED_OTHER = "signed_other"  # trusted signer, chain intact, origin something else
    BROKEN = "broken"  # something that was signed is shown to have changed
    UNRELIABLE = "unreliable"  # something else is wrong with the credentials; accuses nobody
    CLAIMED_AI = "claimed_ai"  # intact, but nobody vouches for the signer
    CLAIMED_CAPTURE = "claimed_capture"
    CLAIMED_OTHER = "claimed_other"
    WATERMARKED_AI = "watermarked_ai"  # the pixels carry the message of an AI generator
    MARKED_AI = "marked_ai"  # unsigned marker that declares AI
    MARKED_CAPTURE = "marked_capture"  # unsigned marker that declares a camera; worthless as proof
    RECOVERED_AI = "recovered_ai"  # a copy of an original whose trusted signer says AI
    RECOVERED_CAPTURE = "recovered_capture"  # a copy of an original that is a trusted capture
    RECOVERED_OTHER = "recovered_other"  # a copy of, or with parts of, a file with credentials
    ALTERED_COPY = "altered_copy"  # a copy of a trusted capture that differs from it in places
    SYNTHETIC = "synthetic"  # a voting classifier passes its 1 % operating point
    MANIPULATED = "manipulated"  # the same, for a face swap or a local edit
    SUSPECT = "suspect"  # a voting classifier passes its 5 % point only
    UNREMARKABLE = "unremarkable"  # a voting classifier ran and stays below both points
    DISPUTED = "disputed"  # a second verifier disagrees on integrity; a conflict, never a verdict
    INCONSISTENT = "inconsistent"  # the metadata contradicts itself or the pixels; never decides


class Evidence(Closed):
    """One thing that was found, how strong that kind of evidence is, and a sentence about it."""

    id: str  # "credentials", "watermark.SDXL.dwtDct", "marker.0", "detector.image.clip",
    # "trace.time.future", "recovered.0"
    rank: Rank
    signal: Signal
    statement: str


class Conflict(Closed):
    """Two pieces of evidence that cannot both be the whole story."""

    between: tuple[str, str]  # evidence ids, the stronger first
    statement: str


class NotChecked(Closed):
    """Something that could have been evidence and is not, with the reason."""

    what: str
    reason: str  # stable code
    statement: str


class Question(Closed):
    """One question that voting classifiers answered about the file; no other has part in its ratio."""

    claim: Claim
    lr: LikelihoodRatio
    alarm: Alarm  # the strictest operating point that one of them passes
    detectors: tuple[str, ...]


class Profile(StrEnum):
    """How much is asked of a scan."""

    FULL = "full"
    THOROUGH = "thorough"
    FAST = "fast"
    PROVENANCE = "provenance"


class Subject(Closed):
    """The file itself, as received."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    name: str  # display name: cleaned, never used as a path
    kind: Kind | None
    media_type: str
    traced_as: TracedAs | None = None  # what no classifier is for
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()  # what decoding left out: colour profile, later frames, cut length
    handling: tuple[str, ...] = ()  # what the pixels seem to have gone through


class Engine(Closed):
    """What produced the report, exactly enough to run it again."""

    version: str
    models: dict[str, str]  # model card -> sha256 over its weights and calibration
    trust_lists: dict[str, str]  # kind/name of a list -> sha256
    libraries: dict[str, str]  # what read the file and judged it -> version
    settings: dict[str, float] = Field(default_factory=dict)  # how much of a file is looked at
    thresholds: dict[str, str] = Field(
        default_factory=dict, exclude_if=lambda found: not found
    )  # name of the organisation's own that were used -> sha256


class Reused(Closed):
    """The analysis that a report repeats instead of a new one."""

    scan: str  # that was analysed
    analysed_at: AwareDatetime


class Report(Closed):
    """One authenticity report. Frozen, closed, versioned, and legal as input again."""

    schema_version: Literal["1"] = "1"
    subject: Subject
    analysed_at: AwareDatetime
    profile: Profile
    verdict: Verdict
    headline: str
    basis: tuple[str, ...]  # ids of the evidence that decided
    evidence: tuple[Evidence, ...]  # strongest rank first
    conflicts: tuple[Conflict, ...]
    not_checked: tuple[NotChecked, ...]
    classifiers: LikelihoodRatio | None  # of `question`; None when every classifier abstained
    question: Claim | None = Field(
        default=None, exclude_if=lambda found: found is None
    )  # which of `questions` the ratio answers; left out where there is none, as in earlier reports
    questions: tuple[Question, ...] = Field(default=(), exclude_if=lambda found: not found)
    provenance: Provenance | None
    watermarks: tuple[Watermark, ...] = ()  # every message looked for; empty when none could be
    matches: tuple[Match, ...] = ()  # with files of the operator's index, the closest first
    findings: tuple[Finding, ...]
    engine: Engine
    seconds: float = Field(ge=0)
    decision: PolicyDecision | None = Field(
        default=None, exclude_if=lambda found: found is None
    )  # left out where no policy decided, so that earlier reports stay as they were signed
    reused: Reused | None = Field(
        default=None, exclude_if=lambda found: found is None
    )  # set where an earlier analysis of the same content is repeated


def signer_of(report: Report) -> str | None:
    """The signer of a file as its certificate names it, trusted or not; None: nobody signed."""
    signer = report.provenance.signer if report.provenance is not None else None
    if signer is None:
        return None
    return signer.organisation or signer.common_name or None


def schema() -> str:
    """The JSON Schema of a report, as committed beside this module."""
    return json.dumps(Report.model_json_schema(mode="serialization"), indent=1) + "\n"


def read(untrusted: str | bytes) -> Report:
    """Read a report back in. Raises `ReportInvalid` for anything that is not exactly one."""
    try:
        return Report.model_validate_json(untrusted)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise ReportInvalid(f"{where}: {first['msg']}") from error


if __name__ == "__main__":  # python -m service.reporting.report writes the committed schema
    Path(__file__).with_name("report.schema.json").write_text(schema())
