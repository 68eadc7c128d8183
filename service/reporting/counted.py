"""A report goes into the figures: its verdict, its time, and how each detector ended."""

from service import figures
from service.reporting.report import Report


def count(report: Report) -> None:
    """Count a report that was stored just now."""
    figures.reported(report.subject.kind, report.profile, report.verdict, report.seconds)
    for finding in report.findings:
        figures.found(finding.detector, finding.outcome, finding.reason, finding.seconds)
        if finding.lr is not None:
            figures.scored(finding.detector, finding.lr.log10)
