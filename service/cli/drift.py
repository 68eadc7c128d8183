"""`assay drift`: do detectors still score what comes in as they did?"""

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from service.cli.exit_codes import ExitCode
from service.language.figures import as_written, percent
from service.language.spoken import Words, _, n_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from service.watching.drift import Compared

QUESTIONS: Final = Words(
    {
        "over_5_percent_point": "over 5 percent point",
        "scores_of_the_card": "scores of the card",
        "scores": "scores",
        "no_score": "no score",
    }
)
STATES: Final = Words({"drift": "drift", "as before": "as before"})


def drift(
    *,
    days: Annotated[int, typer.Option(min=1, max=365, help="The days that are looked at.")] = 7,
    before: Annotated[
        int, typer.Option(min=1, max=365, help="The days before them to compare with.")
    ] = 28,
    tenant: Annotated[
        str | None, typer.Option(help="Only this one's scans.", show_default="each tenant's")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Compare the scores of the last days with the models' cards and with the weeks before.

    Exits with 1 if any differ by more than chance and by enough to matter. What it means is said
    in docs/operations.md.
    """
    from detectors.registry import use_shelf
    from service.cli.engine import read_settings
    from service.cli.installed import database_for
    from service.watching.drift import Window, look

    use_shelf(read_settings().weights)
    with database_for("drift", tenant) as database:
        window = Window(now=database.now(), days=days, before_days=before)
        found = look(database, window, tenant)
    if as_json:
        for item in found:
            typer.echo(json.dumps(item.fields()))
    else:
        show(found)
    drifted = any(item.drifted for item in found)
    raise typer.Exit(ExitCode.FOUND if drifted else ExitCode.NOTHING_FOUND)


def show(found: "tuple[Compared, ...]") -> None:
    """Print what was compared as a table, and once what had too few scans for that."""
    from service.cli.colours import console
    from service.watching.drift import FEWEST

    if not found:
        typer.echo(_("no scan of these days was judged by the models as they are now"))
        return
    compared = [item for item in found if item.is_compared]
    if compared:
        console().print(_table(compared))
    for tenant, detectors in _too_few(found):
        typer.echo(
            _(
                "{tenant}: too few scans to compare {detectors}; it takes {count} on each side",
                tenant=tenant,
                detectors=detectors,
                count=FEWEST,
            )
        )
    for name, count in {item.tenant: item.left_out for item in found if item.left_out}.items():
        typer.echo(
            n_(
                "{tenant}: {count} older report of these days was left out, as there are more than are read",
                "{tenant}: {count} older reports of these days were left out, as there are more than are read",
                count,
                tenant=name,
            )
        )


def _too_few(found: "tuple[Compared, ...]") -> "Iterator[tuple[str, str]]":
    """Each tenant with the detectors that had too few scans, and for which questions if not for all."""
    for tenant in dict.fromkeys(item.tenant for item in found if not item.is_compared):
        named = []
        own = [item for item in found if item.tenant == tenant]
        for detector in dict.fromkeys(item.detector for item in own if not item.is_compared):
            asked = [item for item in own if item.detector == detector]
            short = [item for item in asked if not item.is_compared]
            questions = ", ".join(QUESTIONS[item.question] for item in short)
            named.append(detector if len(short) == len(asked) else f"{detector} ({questions})")
        yield tenant, ", ".join(named)


def _table(compared: "list[Compared]") -> "Table":
    from rich.table import Column, Table

    heads = (
        *(_("tenant"), _("detector"), _("compared"), _("scans"), _("with"), _("was")),
        *(_("is"), _("effect"), _("synthetic"), "p", ""),
    )
    detector = heads[1]
    columns = (Column(head, overflow="fold", no_wrap=head == detector) for head in heads)
    table = Table(*columns, box=None)
    for item in compared:
        table.add_row(
            item.tenant,
            item.detector,
            QUESTIONS[item.question],
            str(item.scans),
            str(item.reference),
            *(_number(value) for value in (item.was, item.became, item.effect)),
            "" if item.synthetic_share is None else percent(item.synthetic_share),
            _number(item.corrected_p),
            STATES[item.state],
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else as_written(f"{value:.3g}")
