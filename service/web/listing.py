"""The list of scans as a page: searched, filtered, sorted, and several of them chosen at once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator, Field

from detectors.base import Kind
from service.access.principal import Scope
from service.api.access import ThePrincipal, TheScans, needs
from service.api.filters import ACTOR, ACTOR_LENGTH, PERSON, TEXT_LENGTH, words_in
from service.api.sessions import people_of
from service.db.lifecycle import State
from service.db.listing import Order, Wanted
from service.language.spoken import Words
from service.reporting.decision import PolicyAction
from service.reporting.report import Verdict
from service.scans.asked import PRINTABLE, REFERENCE_LENGTH, reference_in
from service.web.frame import TheFrame
from service.web.pages import page
from service.web.who import who_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

UNSET: Final = BeforeValidator(lambda chosen: chosen or None)
"""A form sends an empty text for what nobody chose."""

LISTED: Final = 50
ORDERS: Final = Words(
    {
        Order.NEWEST: "newest first",
        Order.OLDEST: "oldest first",
        Order.NAME: "by name",
        Order.LARGEST: "largest first",
    }
)

_TO_THE_END: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form above the list says, and the filters that it means."""

    wanted: Wanted
    given: dict[str, str]  # by the names of the form's fields; only what was chosen


Day = Annotated[date | None, UNSET]
Sender = Annotated[
    Annotated[str, Field(max_length=ACTOR_LENGTH, pattern=ACTOR)] | None, UNSET, Query()
]
Person = Annotated[
    Annotated[str, Field(max_length=ACTOR_LENGTH, pattern=PERSON)] | None, UNSET, Query()
]
OwnName = Annotated[Annotated[str, Field(max_length=REFERENCE_LENGTH)] | None, UNSET, Query()]


def _asked(
    q: Annotated[str, Query(max_length=TEXT_LENGTH, pattern=f"^{PRINTABLE}*$")] = "",
    state: Annotated[State | None, UNSET] = None,
    verdict: Annotated[Verdict | None, UNSET] = None,
    kind: Annotated[Kind | None, UNSET] = None,
    action: Annotated[PolicyAction | None, UNSET] = None,
    reviewed: Annotated[bool | None, UNSET] = None,
    sender: Sender = None,
    assignee: Person = None,
    reference: OwnName = None,
    since: Day = None,
    until: Day = None,
    sort: Order = Order.NEWEST,
) -> Asked:
    own = reference_in(reference or "")
    text = words_in(q)
    chosen = {
        "q": text,
        "state": state,
        "verdict": verdict,
        "kind": kind,
        "action": action,
        "reviewed": None if reviewed is None else str(reviewed).lower(),
        "sender": sender,
        "assignee": assignee,
        "reference": own,
        "since": since,
        "until": until,
        "sort": sort if sort is not Order.NEWEST else None,
    }
    wanted = Wanted(
        text=text or None,
        state=state,
        verdict=verdict,
        kind=kind,
        action=action,
        reviewed=reviewed,
        sender=sender,
        assignee=assignee,
        reference=own,
        created_from=_midnight(since),
        created_before=_midnight(until, later=_TO_THE_END),
        order=sort,
    )
    return Asked(wanted, {name: str(value) for name, value in chosen.items() if value})


def _midnight(day: date | None, *, later: timedelta = timedelta(0)) -> datetime | None:
    if day is None or day > date.max - later:
        return None
    return datetime.combine(day + later, time.min, UTC)


@router.get("/scans", dependencies=[needs(Scope.SCANS_READ)])
def listing(
    request: Request,
    scans: TheScans,
    principal: ThePrincipal,
    frame: TheFrame,
    asked: Annotated[Asked, Depends(_asked)],
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> str:
    """All scans, or those that match, a page at a time."""
    found = scans.list(limit=LISTED, cursor=cursor, wanted=asked.wanted)
    who = who_of(people_of(request), principal)
    further = urlencode({**asked.given, "cursor": found.next}) if found.next else ""
    filters = {name for name in asked.given if name not in {"q", "sort"}}
    return page(
        "scans.html",
        frame,
        listing=found,
        given=asked.given,
        open_filters=bool(filters),
        further=further,
        filtered=bool(filters) or "q" in asked.given,
        orders=ORDERS,
        who=who,
        me=principal.actor,
    )
