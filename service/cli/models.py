"""`assay models`: published detectors that can be pulled, and what became of them here."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from detectors.errors import DetectorError, WeightsMismatch
from detectors.registry import PUBLISHED, Spec
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import Shelf
from service.analysis.pulled_models import Puller, Step
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, say, told
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.language.figures import number
from service.language.spoken import _
from service.reporting.wording import CLAIMS, KINDS

MB = 1e6


def show(*, as_json: bool) -> ExitCode:
    """Print what there is to pull and what is here."""
    shelf = _shelf()
    try:
        rows = [_state(spec, shelf) for spec in PUBLISHED]
    except DetectorError as error:
        complain("models", error)
        return ExitCode.NOT_ANALYSED
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return ExitCode.NOTHING_FOUND
    table = Table(box=None)
    table.add_column(_("name"), no_wrap=True)
    for title in (_("judges"), _("says"), "MB"):
        table.add_column(title)
    table.add_column(_("licence"), no_wrap=True)
    for title in (_("commercial use"), _("here"), _("votes")):
        table.add_column(title)
    for row in rows:
        table.add_row(
            str(row["name"]),
            KINDS[named(str(row["name"])).kind].lower(),
            CLAIMS[named(str(row["name"])).claim],
            number(float(str(row["bytes"])) / MB),
            str(row["licence"]),
            _("yes") if row["commercial_use"] else _("no"),
            _("yes") if row["pulled"] else _("no"),
            _("yes") if row["votes"] else (_("unmeasured") if row["pulled"] else ""),
        )
    screen = console()
    screen.print(table)
    more = _(
        "{command} says more; {command2} fetches one.",
        command="assay models show NAME",
        command2="assay models pull NAME",
    )
    screen.print(f"\n{more}")
    return ExitCode.NOTHING_FOUND


def card(name: str) -> ExitCode:
    """Print the card of one."""
    try:
        console().print(_facts(PublicCard.read(named(name).card)))
    except KeyError:
        return _unknown(name)
    except DetectorError as error:
        complain(name, error)
        return ExitCode.NOT_ANALYSED
    return ExitCode.NOTHING_FOUND


def pull(name: str, *, accept_licence: bool, given: tuple[Path, ...]) -> ExitCode:
    """Show the licence, have it accepted, and bring the weights here."""
    try:
        public = PublicCard.read(named(name).card)
        if given and len(given) != len(public.sources):
            files = ", ".join(source.file for source in public.sources)
            say(
                _(
                    "{name} takes {count} --from files, in this order: {list}",
                    name=name,
                    count=len(public.sources),
                    list=files,
                )
            )
            return ExitCode.USAGE
        console(stderr=True).print(_facts(public))
        if not accept_licence and not _accepted(public):
            return ExitCode.USAGE
        with _bars() as listen:
            lock = Puller(shelf=_shelf(), listen=listen).pull(public, given=given)
    except KeyError:
        return _unknown(name)
    except DELIBERATE as error:
        complain(name, error)
        if isinstance(error, WeightsMismatch):
            command = f"assay models remove {name} --forget"
            say(_("if the change is meant: {command}, and pull again", command=command))
        return ExitCode.NOT_ANALYSED
    except KeyboardInterrupt:
        say(_("{name}: stopped; the same command goes on", name=name))
        return ExitCode.INTERRUPTED
    for item in lock.files:
        how = _("as pinned") if item.pinned else _("trusted as the first that came, and locked")
        say(f"{name}: {item.file} sha256 {item.published_sha256} ({how})")
    say(
        _(
            "{name} does not vote before it was measured on media of yours: {command}",
            name=name,
            command=public.measured_by,
        )
    )
    say(_("running services look for new models when they start"))
    return ExitCode.NOTHING_FOUND


def verify(names: tuple[str, ...]) -> ExitCode:
    """Compare what is here with its locks."""
    shelf, fine = _shelf(), True
    for name in names or tuple(spec.card for spec in PUBLISHED if shelf.has(spec.card)):
        try:
            card = named(name).card
            paths, found = list(shelf.verified(card)), shelf.calibration(card)
            if found is not None and found.head is not None:
                paths.append(shelf.verified_head(card))
        except KeyError:
            return _unknown(name)
        except DELIBERATE as error:
            complain(name, error)
            fine = False
        else:
            size = sum(path.stat().st_size for path in paths) / MB
            measured = _("measured") if found else _("unmeasured")
            locked = _("{name}: {size} MB as locked", name=name, size=f"{size:,.1f}")
            say(f"{locked}, {measured}")
    return ExitCode.NOTHING_FOUND if fine else ExitCode.FOUND


def remove(name: str, *, forget: bool) -> ExitCode:
    """Delete the weights and the calibration of one."""
    try:
        found = _shelf().remove(named(name).card, forget=forget)
    except KeyError:
        return _unknown(name)
    except DELIBERATE as error:
        complain(name, error)
        return ExitCode.NOT_ANALYSED
    say(_("{name} was removed", name=name) if found else _("{name} was not here", name=name))
    if found and not forget:
        say(_("what a later pull may bring stays locked; --forget drops that too"))
    return ExitCode.NOTHING_FOUND


def named(name: str) -> Spec:
    """A published detector by its name with or without its kind. Raises `KeyError`."""
    return {key: spec for spec in PUBLISHED for key in (spec.card, spec.name)}[name]


def _unknown(name: str) -> ExitCode:
    say(
        _(
            "no published detector is named {name}; there are {choices}",
            name=name,
            choices=", ".join(spec.card for spec in PUBLISHED),
        )
    )
    return ExitCode.USAGE


def _shelf() -> Shelf:
    return Shelf(read_settings().weights)


def _state(spec: Spec, shelf: Shelf) -> dict[str, object]:
    public, here = PublicCard.read(spec.card), shelf.has(spec.card)
    return {
        "name": spec.card,
        "detector": spec.name,
        "summary": public.summary,
        "bytes": public.bytes_about,
        "licence": public.licence,
        "commercial_use": public.commercial_use,
        "pulled": here,
        "votes": here and shelf.card(spec.card).votes,
    }


def _facts(public: PublicCard) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(public.name, told(public.summary))
    table.add_row(_("paper"), public.paper)
    table.add_row(_("from"), public.homepage)
    table.add_row(_("licence"), f"{public.licence} ({public.licence_url})")
    allowed = _("allowed") if public.commercial_use else _("NOT allowed")
    table.add_row(_("commercial use"), allowed)
    table.add_row(_("trained on"), told(public.trained_on))
    for limit in public.limits:
        table.add_row(_("limit"), told(limit))
    for source in public.sources:
        pin = f"sha256 {source.sha256}" if source.sha256 else _("locked on the first pull")
        url = source.at(source.revision or "{revision}")
        table.add_row(_("file"), f"{url}\n{number(source.bytes_about / MB, 1)} MB, {pin}")
    return table


def _accepted(public: PublicCard) -> bool:
    """Ask on a terminal; elsewhere the option has to say it."""
    if not sys.stdin.isatty():
        told = _("pass --accept-licence once you have read it")
        say(f"{told} [licence_not_accepted]")
        return False
    asked = _("Do you accept this licence ({name})?", name=public.licence)
    return typer.confirm(asked, err=True)


@contextmanager
def _bars() -> Iterator[Callable[[Step], None]]:
    """A bar for each file that is fetched."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True)) as progress:
        bars: dict[str, TaskID] = {}

        def listen(step: Step) -> None:
            if step.file not in bars:
                bars[step.file] = progress.add_task(step.file)
            progress.update(bars[step.file], completed=step.done, total=step.total)

        yield listen
