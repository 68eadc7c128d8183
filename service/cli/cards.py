"""`assay detectors`: which models judge, and what is known about each."""

import typer
from rich.table import Table

from detectors.errors import DetectorError
from detectors.registry import Spec, card_of, specs, use_shelf, votes
from detectors.zoo.card import Measured, ModelCard
from service.cli.colours import console
from service.cli.complain import complain, say, told
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.language.figures import number, percent
from service.language.spoken import _
from service.reporting.wording import CLAIMS, KINDS


def run(name: str | None, *, as_json: bool) -> ExitCode:
    """List every detector, or print the card of one."""
    use_shelf(read_settings().weights)
    every = {spec.name: spec for spec in specs()}
    if name is not None and name not in every:
        say(
            _(
                "no detector is named {name}; there are {choices}",
                name=name,
                choices=", ".join(every),
            )
        )
        return ExitCode.USAGE
    asked = tuple(every.values()) if name is None else (every[name],)
    try:
        if as_json:
            for spec in asked:
                typer.echo(card_of(spec).model_dump_json())
        elif name is None:
            _table()
        else:
            _card(asked[0])
    except DetectorError as error:
        complain("model cards", error)
        return ExitCode.NOT_ANALYSED
    return ExitCode.NOTHING_FOUND


def _table() -> None:
    table = Table(box=None)
    table.add_column(_("detector"), no_wrap=True)
    for title in (_("judges"), _("says"), _("votes"), "AUC", _("found at 1 %"), _("items")):
        table.add_column(title)
    for spec in specs():
        first = card_of(spec).measured[:1]
        table.add_row(
            spec.name,
            KINDS[spec.kind].lower(),
            CLAIMS[spec.claim],
            _("yes") if votes(spec) else _("no"),
            *(cell for line in first for cell in _figures(line)),
        )
    screen = console()
    screen.print(table)
    more = _(
        "On held-out sources; {command} has the rest of a card.", command="assay detectors NAME"
    )
    screen.print(f"\n{more}")


def _figures(line: Measured) -> tuple[str, str, str]:
    return number(line.auc, 3), percent(line.tpr_at_fpr_1), number(line.items)


def _card(spec: Spec) -> None:
    card = card_of(spec)
    screen = console()
    screen.print(f"{spec.name}: {told(card.summary)}\n")
    facts = Table(box=None, show_header=False)
    facts.add_row(_("model"), card.name)
    facts.add_row(_("architecture"), told(card.architecture))
    facts.add_row(_("licence"), card.licence)
    facts.add_row(_("trained on"), told(card.trained_on))
    facts.add_row(_("trained by"), card.training_command)
    for weights in card.weights:
        facts.add_row(_("weights"), f"{weights.file}  sha256 {weights.sha256}")
    for limit in card.limits:
        facts.add_row(_("limit"), told(limit))
    screen.print(facts)
    _measured(card)


def _measured(card: ModelCard) -> None:
    table = Table(
        *(_("measured on"), _("items"), "AUC", "EER"),
        *(_("found at 1 %"), _("found at 5 %"), "Cllr"),
    )
    for line in card.measured:
        table.add_row(
            told(line.on),
            number(line.items),
            number(line.auc, 3),
            *(percent(share, 1) for share in (line.eer, line.tpr_at_fpr_1, line.tpr_at_fpr_5)),
            number(line.cllr, 2),
        )
    console().print(table)
