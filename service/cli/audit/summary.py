"""What an audit found, counted by month, camera, signer and folder: the figures of its HTML page."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from markupsafe import Markup

from service.cli.audit.results_file import Line
from service.cli.audit.table import row_of
from service.cli.audit.walk import SKIPS
from service.language.spoken import Words, _
from service.rendering.render import page, standalone_policy, stylesheet
from service.reporting.report import Verdict
from service.reporting.wording import VERDICTS

MOST_GROUPS: Final = 20_000
"""Groups of one kind that are told apart, so that memory does not grow with the archive."""
SHOWN_GROUPS: Final = 25
SHOWN_FAILURES: Final = 200
OTHERS: Final = "all others"
UNKNOWN: Final = "not named"
GROUPS: Final = Words({OTHERS: "all others", UNKNOWN: "not named"})
"""Groups whose names come from nobody's file."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A share of a bar, from `left` on; both in [0, 1] of the longest bar."""

    verdict: Verdict
    count: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The verdicts of one group."""

    name: str
    total: int
    segments: tuple[Segment, ...]


@dataclass(slots=True)
class Chart:
    """Verdicts by one property of the files."""

    title: str
    note: str
    by_name: bool = False  # else the largest groups come first
    groups: dict[str, Counter[Verdict]] = field(default_factory=dict)

    def add(self, name: str, verdict: Verdict) -> None:
        if name not in self.groups and len(self.groups) >= MOST_GROUPS:
            name = OTHERS
        self.groups.setdefault(name, Counter())[verdict] += 1

    @property
    def hidden(self) -> int:
        """Groups that have no bar of their own."""
        return max(0, len(self.groups) - SHOWN_GROUPS)

    def bars(self) -> tuple[Bar, ...]:
        ranked = sorted(self.groups.items(), key=lambda item: (-item[1].total(), item[0]))
        shown, rest = ranked[:SHOWN_GROUPS], ranked[SHOWN_GROUPS:]
        if self.by_name:
            shown.sort()
        if rest:
            shown.append((OTHERS, sum((counts for _name, counts in rest), Counter())))
        longest = max((counts.total() for _name, counts in shown), default=1)
        return tuple(_bar(name, counts, longest) for name, counts in shown)


@dataclass(slots=True)
class Summary:
    """Counts over the lines of an audit."""

    files: int = 0
    duplicates: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str, str]] = field(default_factory=list)  # path, code, sentence
    charts: tuple[Chart, ...] = field(
        default_factory=lambda: (
            Chart(
                _("By month"),
                _("When EXIF says that it was taken, else when it was signed."),
                by_name=True,
            ),
            Chart(_("By camera"), _("Make and model that EXIF names, which anybody may write.")),
            Chart(_("By signer"), _("Who signed the Content Credentials, trusted or not.")),
            Chart(_("By folder"), _("The folder that the file lies in.")),
        )
    )

    def add(self, line: Line) -> None:
        self.files += 1
        self.duplicates += line.duplicate_of is not None
        if line.error is not None:
            self.errors[line.error] += 1
            if len(self.failures) < SHOWN_FAILURES:
                self.failures.append((line.path, line.error, line.message or ""))
        if line.skipped is not None:
            self.skipped[line.skipped] += 1
        if line.verdict is not None:
            self._count(Verdict(line.verdict), row_of(line))

    def _count(self, verdict: Verdict, row: dict[str, Any]) -> None:
        self.verdicts[verdict] += 1
        month = (row["taken_at"] or row["signed_at"] or "")[:7]
        folder = str(PurePosixPath(row["path"]).parent)
        for chart, name in zip(
            self.charts, (month, row["camera"], row["signer"], folder), strict=True
        ):
            chart.add(name or UNKNOWN, verdict)


def summed_up(lines: Iterable[Line]) -> Summary:
    summary = Summary()
    for line in lines:
        summary.add(line)
    return summary


def write_summary(lines: Iterable[Line], path: Path) -> None:
    """One HTML file that needs nothing else: no script, no network. Raises `OSError`."""
    document = page(
        "audit.html",
        summary=summed_up(lines),
        made_at=datetime.now(UTC),
        verdicts=VERDICTS,
        skips=SKIPS,
        groups=GROUPS,
        others=OTHERS,
        css=Markup(stylesheet()),  # noqa: S704 (our own file, and its digest is in the policy)
        policy=standalone_policy(),
    )
    path.write_text(document, encoding="utf-8", errors="backslashreplace")


def _bar(name: str, counts: Counter[Verdict], longest: int) -> Bar:
    segments, before = [], 0
    for verdict in Verdict:
        if count := counts[verdict]:
            segments.append(Segment(verdict, count, before / longest, count / longest))
            before += count
    return Bar(name, counts.total(), tuple(segments))
