"""`assay calibrate`: thresholds from an organisation's own genuine files, with their guarantee."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from rich.progress import Progress
from rich.table import Column, Table

from detectors import calibration
from detectors.base import Kind
from detectors.bench.shares import Share, share
from detectors.registry import card_of, named, use_thresholds
from detectors.result import Alarm, Finding
from detectors.zoo.own import LEAST, OwnPoints, OwnThresholds, binding
from service.analysis.pipeline import Pipeline
from service.cli.audit.walk import walk
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode
from service.language.figures import number, percent
from service.language.languages import Language, language, speaking
from service.language.spoken import _
from service.reporting.report import Profile, Report, Signal
from service.scans.intake import source_from_path

_AI = frozenset(
    {
        Signal.SIGNED_AI,
        Signal.CLAIMED_AI,
        Signal.MARKED_AI,
        Signal.WATERMARKED_AI,
        Signal.RECOVERED_AI,
    }
)


@dataclass(slots=True)
class Seen:
    """What one detector with a vote made of the files."""

    standing: list[float] = field(default_factory=list)  # scores as thresholds meet them
    suspected: int = 0  # by the card's own thresholds
    accused: int = 0

    def add(self, finding: Finding) -> None:
        if finding.raw is not None:
            self.standing.append(finding.raw - finding.allowance)
            self.suspected += finding.alarm is not Alarm.NONE
            self.accused += finding.alarm is Alarm.FPR_1


def run(folder: Path, *, name: str, jobs: int) -> ExitCode:
    """Judge every file below the folder once, fix thresholds, keep them, and say what they are."""
    settings = read_settings()
    try:
        OwnThresholds(name=name, made_at=datetime.now(UTC), detectors={})
    except ValidationError:
        told = _("a name has 1 to 80 characters, all of them printable")
        say(f"{told} [invalid_request]")
        return ExitCode.USAGE
    with open_pipeline(settings, children=jobs, previews=False) as pipeline:
        use_thresholds(None)  # what was fixed before says nothing about these files
        seen = _seen(folder, pipeline, jobs)
    found = {
        detector: _points(detector, own)
        for detector, own in seen.items()
        if len(own.standing) >= LEAST
    }
    console().print(_table(seen, found))
    if not found:
        told = _("no detector judged {count} of these files, so nothing was fixed", count=LEAST)
        say(f"{told} [invalid_request]")
        return ExitCode.USAGE
    OwnThresholds(name=name, made_at=datetime.now(UTC), detectors=found).write(settings.thresholds)
    say(_("kept in {path}; used by what starts from now on", path=settings.thresholds))
    return ExitCode.NOTHING_FOUND


def forget() -> ExitCode:
    """Use the thresholds of the model cards again."""
    path = read_settings().thresholds
    was_there = path.exists()
    path.unlink(missing_ok=True)
    said = _("{path} removed", path=path)
    say(said if was_there else _("there were no thresholds of your own"))
    return ExitCode.NOTHING_FOUND


def _seen(folder: Path, pipeline: Pipeline, jobs: int) -> dict[str, Seen]:
    files = list(_files(folder))
    seen: dict[str, Seen] = {}
    with ThreadPoolExecutor(jobs) as threads, Progress(console=console(stderr=True)) as progress:
        found = threads.map(partial(_findings_in, language(), pipeline), files)
        for findings in progress.track(found, len(files), description=""):
            for finding in findings:
                seen.setdefault(finding.detector, Seen()).add(finding)
    return seen


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, each content once."""
    known: set[bytes] = set()
    for entry in walk(folder):
        if entry.refused is not None or entry.skipped is not None:
            continue
        with (folder / entry.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        if digest not in known:
            known.add(digest)
            yield folder / entry.path


def _findings_in(chosen: Language, pipeline: Pipeline, path: Path) -> list[Finding]:
    """In a thread of its own, which does not know the language of the command."""
    with speaking(chosen):
        return _findings(pipeline, path)


def _findings(pipeline: Pipeline, path: Path) -> list[Finding]:
    """What detectors with a vote say of a file, in the full and the fast profile.

    Nothing of one that is no media.
    """
    try:
        source = source_from_path(path)
    except DELIBERATE as error:
        complain(str(path), error)
        return []
    with source.file:
        if source.type.kind is None:
            return []
        full = pipeline.analyse(source).report
        if _declares_ai(full):
            say(_("{path}: left out, since it or its credentials speak of AI", path=path))
            return []
        more: tuple[Finding, ...] = ()
        if source.type.kind is Kind.IMAGE:
            more = pipeline.analyse(source, profile=Profile.FAST).report.findings
    known = {finding.detector for finding in full.findings}
    every = (*full.findings, *(item for item in more if item.detector not in known))
    return [finding for finding in every if finding.votes]


def _declares_ai(report: Report) -> bool:
    return any(item.signal in _AI for item in report.evidence)


def _points(detector: str, own: Seen) -> OwnPoints:
    points = calibration.operating_points(np.array(own.standing))
    return OwnPoints(model=binding(card_of(named(detector))), points=points)


def _table(seen: dict[str, Seen], found: dict[str, OwnPoints]) -> Table:
    table = Table(
        *(
            Column(_("detector"), no_wrap=True),
            _("judged"),
            _("passed 5 % until now"),
            _("passed 1 %"),
        ),
        *("5 %", "1 %"),
    )
    for detector, own in sorted(seen.items()):
        judged = len(own.standing)
        shares = (share(own.suspected, judged), share(own.accused, judged))
        new = ("", _("takes {count}", count=LEAST))
        if detector in found:
            points = found[detector].points
            new = (number(points.fpr_5, 2), "" if points.fpr_1 is None else number(points.fpr_1, 2))
        table.add_row(detector, number(judged), *map(_percent, shares), *new)
    return table


def _percent(found: Share | None) -> str:
    if found is None:
        return ""
    value, low, high = (percent(share, 1) for share in (found.value, found.low, found.high))
    return _("{value} ({low} to {high})", value=value, low=low, high=high)
