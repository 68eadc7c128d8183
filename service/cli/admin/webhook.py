"""`assay admin webhook`: receivers of a tenant's events, and what became of the telling."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from service.cli.exit_codes import ExitCode
from service.language.spoken import _

if TYPE_CHECKING:
    from service.db.webhooks import Delivery, Endpoint
    from service.webhooks.use_cases import Webhooks

POLL_SECONDS: Final = 0.2
SHOWN: Final = 100

webhook = typer.Typer(
    help="Receivers of events, and what they were not told. Sending is done by "
    "`assay worker --queues webhooks`, which `assay serve` starts by itself.",
    no_args_is_help=True,
)

EndpointId = Annotated[
    str, typer.Argument(metavar="ID", help="As `assay admin webhook list` shows it.")
]
_EVENTS: Final = """Events:

\b
scan.completed   a scan has its report
scan.failed      a scan ended without one
scan.cancelled   a scan was cancelled
batch.completed  everything in a batch came to its end"""


@webhook.command("list")
def list_webhooks(
    *, tenant: Annotated[str | None, typer.Option(help="Only this tenant's; all.")] = None
) -> None:
    """Show every endpoint: its id, tenant, address and events, and whether it is told."""
    with _opened("webhooks", tenant) as webhooks:
        found = [item for item in webhooks.everybodys() if tenant in (None, item.tenant)]
    for item in found:
        typer.echo(_line(item))


@webhook.command(epilog=_EVENTS)
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent, by POST.")],
    *,
    tenant: Annotated[str, typer.Option(help="Whose events.")] = "default",
    event: Annotated[
        list[str] | None, typer.Option(help="One of those below; give it once for each. All.")
    ] = None,
) -> None:
    """Have events sent to an address, and print the secret that signs them, for the only time.

    A private address has to be allowed by ASSAY_WEBHOOKS__NETWORKS first.

    \b
    assay admin webhook create https://example.org/assay --event scan.completed
    """
    from service.cli.complain import say
    from service.cli.engine import read_settings
    from service.cli.installed import database_for
    from service.db.outbox import EventType
    from service.wiring import build_webhooks

    known = [item.value for item in EventType if item is not EventType.TEST]
    wrong = sorted(set(event or ()) - set(known))
    if wrong:
        choices, name = ", ".join(known), wrong[0]
        raise typer.BadParameter(f"{name} is none of {choices}")
    with database_for(url, tenant) as database:
        webhooks = build_webhooks(read_settings(), database).of(tenant)
        made, secret = webhooks.create(url, [EventType(name) for name in event or known])
    say(_("webhook {id}", id=made.id))
    typer.echo(secret)


@webhook.command()
def pause(endpoint_id: EndpointId) -> None:
    """Tell an endpoint nothing for now; its events wait, for 30 days unless set otherwise."""
    _change(endpoint_id, paused=True)


@webhook.command()
def resume(endpoint_id: EndpointId) -> None:
    """Tell a paused endpoint again, what waits for it first."""
    _change(endpoint_id, paused=False)


@webhook.command("test")
def send_test(
    endpoint_id: EndpointId,
    *,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the answer.")
    ] = 20.0,
) -> None:
    """Send an endpoint a `webhook.test` event, and show what it answered.

    Exits with 0 if it was delivered, else with 1.
    """
    from service.cli.complain import say

    with _endpoint(endpoint_id) as (webhooks, found):
        event_id, end = webhooks.test(found), time.monotonic() + wait
        if found.paused is not None:
            end = 0.0
            say(_("the endpoint is paused: the event waits until it is resumed"))
        while not (sent := _sent(webhooks, found, event_id)).history and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
    typer.echo(_outcome(sent))
    delivered = bool(sent.history) and sent.code is None
    raise typer.Exit(ExitCode.NOTHING_FOUND if delivered else ExitCode.FOUND)


@webhook.command()
def rotate(endpoint_id: EndpointId) -> None:
    """Print a new secret, for the only time; for 24 hours the old one signs beside it."""
    with _endpoint(endpoint_id) as (webhooks, found):
        typer.echo(webhooks.rotate(found))


@webhook.command()
def redeliver(
    endpoint_id: EndpointId,
    *,
    delivery: Annotated[
        int | None,
        typer.Option(min=1, help="This one, delivered or not; all that were given up."),
    ] = None,
) -> None:
    """Send events again, under the ids they had. A paused endpoint gets them once it is resumed.

    \b
    assay admin webhook dead
    assay admin webhook redeliver 01kb5s1v9q3w7x2m4n6p8r0t1v --delivery 17
    """
    with _endpoint(endpoint_id) as (webhooks, found):
        if delivery is None:
            count = webhooks.redeliver_dead(found)
        else:
            webhooks.redeliver(found, delivery)
            count = 1
    typer.echo(_("{count} to be sent again", count=f"{count:,}"))


@webhook.command()
def dead(
    *, tenant: Annotated[str | None, typer.Option(help="Only this tenant's; all.")] = None
) -> None:
    """Show deliveries that were given up, the newest hundred of each endpoint.

    Each line names the endpoint, the delivery, what it tells of, and why the last attempt failed.
    """
    from service.db.webhook_tables import DeliveryState

    with _opened("webhooks", tenant) as webhooks:
        for item in webhooks.everybodys():
            if tenant not in (None, item.tenant):
                continue
            for given_up in webhooks.of(item.tenant).deliveries(
                item, state=DeliveryState.DEAD, before=None, limit=SHOWN
            ):
                parts = (item.id, str(given_up.id), given_up.type, _outcome(given_up))
                typer.echo("  ".join(parts))


@contextmanager
def _opened(about: str, tenant: str | None = None) -> Iterator["Webhooks"]:
    from service.cli.engine import read_settings
    from service.cli.installed import database_for
    from service.wiring import build_webhooks

    with database_for(about, tenant) as database:
        yield build_webhooks(read_settings(), database)


@contextmanager
def _endpoint(endpoint_id: str) -> Iterator[tuple["Webhooks", "Endpoint"]]:
    """An endpoint, whosever it is, and its tenant's webhooks."""
    with _opened(endpoint_id) as webhooks:
        tenants = [item.tenant for item in webhooks.everybodys() if item.id == endpoint_id]
        its = webhooks.of(tenants[0]) if tenants else webhooks
        yield its, its.get(endpoint_id)


def _change(endpoint_id: str, *, paused: bool) -> None:
    with _endpoint(endpoint_id) as (webhooks, found):
        typer.echo(_line(webhooks.change(found, found.url, found.events, paused=paused)))


def _sent(webhooks: "Webhooks", endpoint: "Endpoint", event_id: str) -> "Delivery":
    newest = webhooks.deliveries(endpoint, state=None, before=None, limit=SHOWN)
    return next(item for item in newest if item.event_id == event_id)


def _outcome(delivery: "Delivery") -> str:
    from service.cli.complain import told

    if not delivery.history:
        return _("not sent yet: see {command} for who sends", command="`assay doctor`")
    last = delivery.history[-1]
    if last.code is None:
        return _(
            "delivered: {code} in {count} ms", code=last.status, count=f"{last.milliseconds:,}"
        )
    sentence, opened, code = (last.error or "").rpartition(" (")
    wrong = f"{last.code}: {told(sentence)}{opened}{code}"
    if not last.answer:
        return wrong
    return _("{wrong}, which says: {text}", wrong=wrong, text=last.answer)


def _line(item: "Endpoint") -> str:
    from service.cli.complain import told

    if item.paused is not None:
        state = _("paused: {why}", why=told(item.paused))
    elif item.failing_since is not None:
        state = _("failing since {when}", when=f"{item.failing_since:%F %H:%M}")
    else:
        state = _("told")
    return "  ".join((item.id, item.tenant, item.url, ",".join(item.events), state))
