"""`assay bench --reviews`: what a tenant's own reviews say about detectors, verdicts and policies."""

from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from detectors.bench.metrics import Estimate
from detectors.bench.shares import Share
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, told
from service.cli.exit_codes import ExitCode
from service.cli.installed import the_scans
from service.cli.reviewed import THEN, Measured, measured
from service.db.lifecycle import Judgement
from service.language.figures import interval, number, percent, percents
from service.language.spoken import _, capital, n_
from service.policies.document import Policy
from service.policies.library import named
from service.rendering.words import JUDGED
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
            named_now = _(
                "{policy} version {version}, in force", policy=active.name, version=active.version
            )
            drafts = {named_now: active, **drafts}
        found = measured(scans.reviews.reviewed(), drafts)
    out_console = console()
    for part in _parts(found):
        out_console.print(part)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / FILE).write_text(found.model_dump_json(indent=1) + "\n")
    return ExitCode.NOTHING_FOUND


def _parts(found: Measured) -> Iterator[Table | str]:
    counts = found.judgements.items()
    judged = [f"{number(count)} {JUDGED[judgement]}" for judgement, count in counts]
    yield _("Reviewed files, each content once: {what}.", what=", ".join(judged) or _("none"))
    if found.repeated:
        yield n_(
            "{count} more review is of a content that was reviewed again later.",
            "{count} more reviews are of a content that was reviewed again later.",
            found.repeated,
        )
    if found.unreadable:
        yield n_(
            "{count} report could not be read and was left out.",
            "{count} reports could not be read and were left out.",
            found.unreadable,
        )
    if found.detectors:
        yield _detectors(found)
        yield _points(found)
    if found.verdicts:
        yield _verdicts(found)
    if found.policies:
        yield _policies(found)
    for item in found.detectors:
        yield from (f"{item.detector}: {told(sentence)}." for sentence in item.too_few)
    yield from (capital(f"{told(sentence)}.") for sentence in found.too_few)


def _detectors(found: Measured) -> Table:
    table = Table(
        *(_("detector"), _("model"), JUDGED[Judgement.GENUINE], _("other"), _("judged")),
        *("AUC", "EER", "Cllr"),
    )
    for item in found.detectors:
        metrics = item.metrics
        model = item.model
        if item.versions != 1:
            versions = n_("{count} version", "{count} versions", item.versions)
            model = f"{model} ({versions})"
        table.add_row(
            item.detector,
            model,
            number(metrics.bona_fide),
            number(metrics.synthetic),
            percent(metrics.coverage),
            _estimate(metrics.auc),
            _estimate(metrics.eer),
            _estimate(metrics.cllr),
        )
    return table


def _points(found: Measured) -> Table:
    table = Table(_("detector"), _("point"), _("genuine over it"), _("others over it"))
    for item in found.detectors:
        for point in item.points:
            stated = percent(point.stated)
            table.add_row(item.detector, stated, _share(point.genuine), _share(point.claimed))
    return table


def _verdicts(found: Measured) -> Table:
    given = sorted({verdict for counts in found.verdicts.values() for verdict in counts})
    table = Table(_("reviewed as"), *given)
    for judgement in Judgement:
        if counts := found.verdicts.get(judgement):
            shown = (number(counts.get(verdict, 0)) for verdict in given)
            table.add_row(JUDGED[judgement], *shown)
    return table


def _policies(found: Measured) -> Table:
    table = Table(_("policy"), _("reviewed as"), *PolicyAction)
    for item in found.policies:
        for judgement in Judgement:
            if shares := item.actions.get(judgement):
                cells = (_share(shares.get(action)) for action in PolicyAction)
                called = _(THEN) if item.policy == THEN else item.policy
                table.add_row(called, JUDGED[judgement], *cells)
    return table


def _estimate(found: Estimate | None) -> str:
    return "" if found is None else interval(found.value, found.low, found.high)


def _share(found: Share | None) -> str:
    if found is None:
        return ""
    return f"{found.count}/{found.of}, {percents(found.value, found.low, found.high)}"
