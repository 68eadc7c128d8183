"""What the classifiers of one file came to, before anything is weighed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from detectors.base import Kind
from detectors.result import Finding
from provenance.declared import Trace, Watermark
from provenance.similarity.result import Match
from service.reporting.report import NotChecked

if TYPE_CHECKING:
    from provenance.similarity.search import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """What the classifiers came to: findings, facts of the decoded media, what gave no answer."""

    kind: Kind | None = None  # of what was decoded; a film without pictures is a recording
    findings: tuple[Finding, ...] = ()
    watermarks: tuple[Watermark, ...] = ()
    traces: tuple[Trace, ...] = ()
    matches: tuple[Match, ...] = ()
    prepared: "Prepared | None" = None
    missing: tuple[NotChecked, ...] = ()
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    handling: tuple[str, ...] = ()
    preview: bytes | None = None
