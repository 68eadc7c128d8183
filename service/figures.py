"""What is counted while assay runs, for Prometheus: each figure, and the functions that count.

Nothing here tells of one scan or tenant, so that a figure has few series and betrays nobody.
"""

import time
from types import TracebackType
from typing import Final, Self

from prometheus_client import CollectorRegistry, Counter, Histogram

COUNTED: Final = CollectorRegistry()
"""What this process counted itself."""

NO_KIND: Final = "other"
"""Label of files that no classifier is for."""

_QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 7200)
_RATIOS: Final = (-3, -2, -1.5, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 1.5, 2, 3)

_REQUESTS = Histogram(
    "assay_request_seconds",
    "Seconds until the answer to a request began",
    ("method", "route", "status"),
    buckets=_QUICK,
    registry=COUNTED,
)
_REFUSALS = Counter(
    "assay_refusals", "Requests refused, by the code of the problem", ("code",), registry=COUNTED
)
_ACCEPTED = Counter(
    "assay_scans_accepted", "Scans that uploads became", ("kind", "profile"), registry=COUNTED
)
_REPEATED = Counter(
    "assay_scans_repeated",
    "Accepted scans that repeat an earlier analysis instead of a new one",
    ("kind", "profile"),
    registry=COUNTED,
)
_ENDED = Counter(
    "assay_scans_ended",
    "Scans that a worker let go of: done, failed, handed_back, abandoned or crashed",
    ("how",),
    registry=COUNTED,
)
_FAILURES = Counter(
    "assay_scan_failures", "Scans that failed, by the code", ("code",), registry=COUNTED
)
_DEATHS = Counter(
    "assay_scan_attempts_lost",
    "Attempts at a scan that ended without a report, by what ended them",
    ("cause",),
    registry=COUNTED,
)
_VERDICTS = Counter(
    "assay_verdicts", "Reports by verdict", ("kind", "profile", "verdict"), registry=COUNTED
)
_STAGES = Histogram(
    "assay_stage_seconds",
    "Seconds of a scan in each stage; `queued` is its wait for a worker",
    ("stage",),
    buckets=_LONG,
    registry=COUNTED,
)
_ANALYSES = Histogram(
    "assay_analysis_seconds",
    "Seconds from a file's bytes to its report",
    ("kind", "profile"),
    buckets=_LONG,
    registry=COUNTED,
)
_DETECTOR_SECONDS = Histogram(
    "assay_detector_seconds",
    "Seconds of one detector on one file",
    ("detector",),
    buckets=_LONG,
    registry=COUNTED,
)
_FINDINGS = Counter(
    "assay_detector_findings",
    "How detectors ended: scored, not_applicable or failed, and why there is no score",
    ("detector", "outcome", "reason"),
    registry=COUNTED,
)
_SCORES = Histogram(
    "assay_detector_log10_lr",
    "Calibrated scores of each detector, as log10 likelihood ratios",
    ("detector",),
    buckets=_RATIOS,
    registry=COUNTED,
)
_STORAGE = Counter(
    "assay_storage_failures",
    "Requests to the bucket that failed, by the class of the error",
    ("error",),
    registry=COUNTED,
)
_WEBHOOKS = Counter(
    "assay_webhook_attempts",
    "Attempts to deliver a webhook, by what became of the delivery",
    ("state",),
    registry=COUNTED,
)
_WEBHOOK_SECONDS = Histogram(
    "assay_webhook_seconds",
    "Seconds until a receiver of webhooks answered",
    buckets=_QUICK,
    registry=COUNTED,
)


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered; `route` is the pattern of its address, never the address."""
    _REQUESTS.labels(method, route, str(status)).observe(seconds)


def refused(code: str) -> None:
    """A request was answered with this problem."""
    _REFUSALS.labels(code).inc()


def accepted(kind: str | None, profile: str, *, repeated: bool) -> None:
    """An upload became a scan."""
    labels = (kind or NO_KIND, profile)
    _ACCEPTED.labels(*labels).inc()
    if repeated:
        _REPEATED.labels(*labels).inc()


def waited(seconds: float) -> None:
    """A scan waited this long for the worker that has it now."""
    _STAGES.labels("queued").observe(max(seconds, 0.0))


def ended(how: str) -> None:
    """A worker let go of a scan."""
    _ENDED.labels(how).inc()


def failed(code: str) -> None:
    """A scan has no report for this reason."""
    ended("failed")
    _FAILURES.labels(code).inc()


def died(cause: str, times: int) -> None:
    """So many attempts ended by this cause."""
    _DEATHS.labels(cause).inc(times)


def reported(kind: str | None, profile: str, verdict: str, seconds: float) -> None:
    """A file has its report, after so many seconds of analysis."""
    ended("done")
    _VERDICTS.labels(kind or NO_KIND, profile, verdict).inc()
    _ANALYSES.labels(kind or NO_KIND, profile).observe(seconds)


def found(detector: str, outcome: str, reason: str | None, seconds: float) -> None:
    """One detector has answered about one file."""
    _FINDINGS.labels(detector, outcome, reason or "").inc()
    _DETECTOR_SECONDS.labels(detector).observe(seconds)


def scored(detector: str, log10_lr: float) -> None:
    """One detector gave a file this calibrated score."""
    _SCORES.labels(detector).observe(log10_lr)


def storage_failed(error: str) -> None:
    """A request to the bucket failed after its last try."""
    _STORAGE.labels(error).inc()


def told(state: str, seconds: float) -> None:
    """A receiver of webhooks was sent something; `state` is the delivery's afterwards."""
    _WEBHOOKS.labels(state).inc()
    _WEBHOOK_SECONDS.observe(seconds)


class Stages:
    """A context manager around the work on one scan, that times its stages."""

    def __init__(self) -> None:
        self._stage = ""
        self._since = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.enter("")

    def enter(self, stage: str) -> None:
        """The scan is in this stage from now on."""
        if stage == self._stage:
            return
        now = time.monotonic()
        if self._stage:
            _STAGES.labels(self._stage).observe(now - self._since)
        self._stage, self._since = stage, now
