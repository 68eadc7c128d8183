"""`assay bench --reviews`: what a tenant's own reviews say about detectors, verdicts and policies."""

from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from detectors.bench.metrics import Estimate
from detectors.bench.shares import Share
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain
from service.cli.exit_codes import ExitCode
from service.cli.installed import the_scans
from service.cli.reviewed import Measured, measured
from service.db.lifecycle import Judgement
from service.policies.document import Policy
from service.policies.library import named
from service.reporting.decision import PolicyAction

FILE = "reviews.json"


def run(*, tenant: str, policies: tuple[str, ...], out: Path | None) -> ExitCode:
    """Measure, print, and write what was measured to a folder where one is given."""
    drafts: dict[str, Policy] = {}
    for text in policies:
        try:
            drafts[text] = named(text)
        except DELIBERATE as error:
            complain(text, error)
            return ExitCode.USAGE
    with the_scans(tenant) as scans:
        active = scans.policies.active()
        if active is not None:
            drafts = {f"{active.name} version {active.version}, in force": active, **drafts}
        found = measured(scans.reviews.reviewed(), drafts)
    out_console = console()
    for part in _parts(found):
        out_console.print(part)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / FILE).write_text(found.model_dump_json(indent=1) + "\n")
    return ExitCode.NOTHING_FOUND


def _parts(found: Measured) -> Iterator[Table | str]:
    told = [f"{count:,} {judgement}" for judgement, count in found.judgements.items()]
    yield f"Reviewed files, each content once: {', '.join(told) or 'none'}."
    if found.repeated:
        yield f"{found.repeated:,} more reviews are of a content that was reviewed again later."
    if found.unreadable:
        yield f"{found.unreadable:,} reports could not be read and were left out."
    if found.detectors:
        yield _detectors(found)
        yield _points(found)
    if found.verdicts:
        yield _verdicts(found)
    if found.policies:
        yield _policies(found)
    for item in found.detectors:
        yield from (f"{item.detector}: {sentence}." for sentence in item.too_few)
    yield from (f"{sentence}." for sentence in found.too_few)


def _detectors(found: Measured) -> Table:
    table = Table("detector", "model", "genuine", "other", "judged", "AUC", "EER", "Cllr")
    for item in found.detectors:
        metrics = item.metrics
        model = item.model if item.versions == 1 else f"{item.model} ({item.versions} versions)"
        table.add_row(
            item.detector,
            model,
            f"{metrics.bona_fide:,}",
            f"{metrics.synthetic:,}",
            f"{metrics.coverage:.0%}",
            _estimate(metrics.auc),
            _estimate(metrics.eer),
            _estimate(metrics.cllr),
        )
    return table


def _points(found: Measured) -> Table:
    table = Table("detector", "point", "genuine over it", "others over it")
    for item in found.detectors:
        for point in item.points:
            stated = f"{point.stated:.0%}"
            table.add_row(item.detector, stated, _share(point.genuine), _share(point.claimed))
    return table


def _verdicts(found: Measured) -> Table:
    given = sorted({verdict for counts in found.verdicts.values() for verdict in counts})
    table = Table("reviewed as", *given)
    for judgement in Judgement:
        if counts := found.verdicts.get(judgement):
            table.add_row(judgement, *(f"{counts.get(verdict, 0):,}" for verdict in given))
    return table


def _policies(found: Measured) -> Table:
    table = Table("policy", "reviewed as", *PolicyAction)
    for item in found.policies:
        for judgement in Judgement:
            if shares := item.actions.get(judgement):
                cells = (_share(shares.get(action)) for action in PolicyAction)
                table.add_row(item.policy, judgement, *cells)
    return table


def _estimate(found: Estimate | None) -> str:
    return "" if found is None else f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _share(found: Share | None) -> str:
    if found is None:
        return ""
    return f"{found.count}/{found.of}, {found.value:.1%} [{found.low:.1%}, {found.high:.1%}]"
