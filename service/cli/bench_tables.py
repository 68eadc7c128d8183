"""What `assay bench` prints of one detector: its conditions, and each kind of group."""

from collections.abc import Mapping
from typing import Final

from rich.table import Table

from detectors.bench.metrics import Estimate, Metrics
from detectors.bench.result import Result
from service.language.figures import interval, number, percent
from service.language.spoken import Words, _

GROUPS: Final = Words(
    {
        "generator": "generator",
        "source": "source",
        "format": "format",
        "pair": "pair",
        "beyond": "what is beyond the method",
    }
)
"""What items are told apart by in manifests; others keep the name that they have there."""


def tables(result: Result) -> list[Table]:
    """One of the conditions, then one of each kind of group."""
    title = _(
        "{name} ({model}), {method}, on {title}",
        name=result.detector,
        model=result.model,
        method=result.protocol,
        title=result.data,
    )
    found = [_table(title, _("condition"), result.launderings)]
    for group, parts in result.groups.items():
        if parts:
            called = GROUPS.get(group, group)
            found.append(_table(_("by {group}", group=called), called, parts))
    return found


def _table(title: str, first: str, rows: Mapping[str, Metrics]) -> Table:
    table = Table(title=title, title_justify="left")
    accused = any(found.accused_bona_fide or found.accused_synthetic for found in rows.values())
    table.add_column(first)
    for column in (
        *(_("items"), "AUC", "EER", _("TPR at 1 %"), _("TPR at 5 %")),
        *("Cllr", "ECE", _("coverage")),
        *((_("accused"),) if accused else ()),
    ):
        table.add_column(column, justify="right")
    for name, found in rows.items():
        auc = found.auc
        table.add_row(
            name,
            f"{number(found.bona_fide)} + {number(found.synthetic)}",
            "" if auc is None else interval(auc.value, auc.low, auc.high),
            *map(
                _value, (found.eer, found.tpr_at_fpr_1, found.tpr_at_fpr_5, found.cllr, found.ece)
            ),
            number(found.coverage, 2),
            *((_accused(found),) if accused else ()),
        )
    return table


def _accused(found: Metrics) -> str:
    """The shares of genuine and of synthetic items that are accused."""
    shares = (found.accused_bona_fide, found.accused_synthetic)
    return " + ".join("-" if item is None else percent(item.value, 1) for item in shares)


def _value(estimate: Estimate | None) -> str:
    return "" if estimate is None else number(estimate.value, 3)
