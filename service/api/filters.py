"""The filters and orders of a list of scans, as query parameters."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from detectors.base import Kind
from service.db.lifecycle import State
from service.db.listing import WORDS, Order, Wanted
from service.db.results import SIGNER_LENGTH
from service.reporting.decision import PolicyAction
from service.reporting.report import Verdict
from service.scans.asked import LABEL, PRINTABLE, REFERENCE_LENGTH, label_in

_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
ACTOR: Final = r"^(key|account):[0-9A-Za-z_-]+$|^local$"
"""Whoever sends scans, as the audit log names them."""
PERSON: Final = r"^account:[0-9A-Za-z_-]+$"
"""Whoever looks after scans, in the same way."""


def _rfc3339(untrusted: object) -> object:
    if isinstance(untrusted, str) and not _RFC3339.fullmatch(untrusted):
        raise ValueError("send a date and time with its zone, such as 2026-11-20T09:30:00Z")
    return untrusted


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this is no moment of the years 1 to 9999 in UTC") from error


TEXT_LENGTH: Final = 200
ACTOR_LENGTH: Final = 127

Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_in_utc)]


def words_in(q: str) -> str:
    """What is searched for, in the form in which names are kept."""
    return unicodedata.normalize("NFC", q).strip()


def wanted(
    state: Annotated[State | None, Query(description="In this state")] = None,
    verdict: Annotated[Verdict | None, Query(description="With this verdict")] = None,
    action: Annotated[PolicyAction | None, Query(description="That came to this action")] = None,
    kind: Annotated[Kind | None, Query(description="Of this kind of media")] = None,
    signer: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=SIGNER_LENGTH,
            pattern=f"^{PRINTABLE}+$",
            description="Signed by a certificate of exactly this name, believed or not",
            examples=["Example Camera Works"],
        ),
    ] = None,
    reference: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=REFERENCE_LENGTH,
            pattern=f"^{PRINTABLE}+$",
            description="Sent with exactly this reference",
            examples=["post-8812"],
        ),
    ] = None,
    label: Annotated[
        str | None,
        Query(
            pattern=LABEL,
            description="Sent with this label, as `name=value`",
            examples=["team=trust"],
        ),
    ] = None,
    sha256: Annotated[
        str | None,
        Query(
            pattern="^[0-9a-f]{64}$", description="Of exactly this content", examples=["3f" * 32]
        ),
    ] = None,
    created_after: Annotated[
        Moment | None,
        Query(description="Received at this moment or later", examples=["2026-11-20T09:30:00Z"]),
    ] = None,
    created_before: Annotated[
        Moment | None,
        Query(description="Received before this moment", examples=["2026-11-21T09:30:00Z"]),
    ] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=TEXT_LENGTH,
            pattern=f"^{PRINTABLE}*$",
            description="With each of these words somewhere in its name, reference, signer, notes "
            f"or reviews, in any case; or with a SHA-256 that begins so. {WORDS} words count",
            examples=["market square"],
        ),
    ] = None,
    sender: Annotated[
        str | None,
        Query(
            max_length=ACTOR_LENGTH,
            pattern=ACTOR,
            description="Sent by this key or person. Who left may still be asked for, so an id that "
            "nobody has finds nothing and is no error",
            examples=["key:3f9c2a", "account:7"],
        ),
    ] = None,
    assignee: Annotated[
        str | None,
        Query(
            max_length=ACTOR_LENGTH,
            pattern=PERSON,
            description="Left to this person, who may have left: as for `sender`",
            examples=["account:7"],
        ),
    ] = None,
    reviewed: Annotated[bool | None, Query(description="With a review, or without one")] = None,
    sort: Annotated[
        Order, Query(description="What comes first; names go by their letters' code points")
    ] = Order.NEWEST,
) -> Wanted:
    return Wanted(
        state=state,
        verdict=verdict,
        kind=kind,
        action=action,
        signer=signer,
        reference=reference,
        label=None if label is None else label_in(label),
        sha256=sha256,
        created_from=created_after,
        created_before=created_before,
        text=words_in(q or "") or None,
        sender=sender,
        assignee=assignee,
        reviewed=reviewed,
        order=sort,
    )


Filters = Annotated[Wanted, Depends(wanted)]
