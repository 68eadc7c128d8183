"""Whom a scan is left to."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from service.access.people import People
from service.access.principal import Principal, Scope
from service.access_errors import AccountNotFound
from service.api.access import ThePrincipal, TheRoot, TheScans, needs
from service.api.problems import documented
from service.api.scans import ScanId
from service.api.sessions import people_of
from service.api.views import ScanView
from service.db.lifecycle import State
from service.errors import InvalidRequest, ScanExpired, ScanNotFound
from service.scans.absent import why_no_report
from service.scans.refusals import AssigneeUnknown
from service.scans.use_cases import Scans

router = APIRouter(prefix="/v1/scans", tags=["scans"])


class Assignment(BaseModel):
    """Who looks after a scan from now on."""

    model_config = ConfigDict(extra="forbid")

    assignee: Annotated[str, Field(max_length=127)] | None = Field(
        description="A person of the tenant, or nobody", examples=["account:7"]
    )


@router.put(
    "/{scan_id}/assignee",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses=documented(ScanNotFound, ScanExpired, AssigneeUnknown, InvalidRequest),
)
def assign_scan(
    request: Request,
    scan_id: ScanId,
    assignment: Assignment,
    scans: TheScans,
    principal: ThePrincipal,
    root: TheRoot,
) -> ScanView:
    """Leave a scan to a person of the tenant, or to nobody; lists can be asked for it."""
    assign(scans, scan_id, people_of(request), principal, assignment.assignee)
    return ScanView.of(scans.get(scan_id), root)


def assign(
    scans: Scans, scan_id: str, people: People, principal: Principal, untrusted_actor: str | None
) -> None:
    """Leave a scan to somebody. Raises `ScanNotFound`, `ScanExpired`, `AssigneeUnknown`."""
    scan = scans.get(scan_id)
    if scan.state is State.EXPIRED:
        raise why_no_report(scan)
    if untrusted_actor is not None and not _is_person(people, principal, untrusted_actor):
        raise AssigneeUnknown("a scan is left to a person of this tenant whose account is in use")
    scans.team.assign(scan_id, untrusted_actor)


def _is_person(people: People, principal: Principal, untrusted_actor: str) -> bool:
    kind, _, account_id = untrusted_actor.partition(":")
    try:
        account = people.accounts.get(account_id)
    except AccountNotFound:
        return False
    in_use = account.tenant == principal.tenant and account.disabled_at is None
    return kind == "account" and in_use
