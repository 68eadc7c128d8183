"""The page on which administrators look after the people of their tenant."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from service.access.people import People
from service.access.principal import Principal, Role, Scope
from service.access_errors import AccountRefused
from service.api.access import ThePrincipal, needs
from service.api.forms import Fields, fields
from service.errors import InvalidRequest
from service.names import no_such
from service.web.account import Mine
from service.web.frame import Frame, TheFrame, render
from service.web.sign_in import ThePeople

router = APIRouter(prefix="/people", include_in_schema=False, default_response_class=HTMLResponse)


def _administrator(mine: Mine, principal: ThePrincipal) -> Principal:
    """Whoever asks, once it is clear that it is a person."""
    return principal


Administrator = Annotated[Principal, Depends(_administrator)]
AccountId = Annotated[str, Path(max_length=32)]


@router.get("", dependencies=[needs(Scope.ADMIN)])
def show(people: ThePeople, by: Administrator, frame: TheFrame) -> str:
    return _page(people, by, frame)


@router.post("", dependencies=[needs(Scope.ADMIN)])
def add(
    request: Request,
    people: ThePeople,
    by: Administrator,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("name", "role"))],
) -> HTMLResponse:
    """Shows the one-time link, which is not kept and cannot be shown again."""
    role = _role(form["role"])
    try:
        secret = people.accounts.add(by, form["name"], role)
    except AccountRefused as error:
        page = _page(people, by, frame, refused=str(error), name=form["name"])
        return HTMLResponse(page, status_code=error.status)
    return _link(request, frame, form["name"], secret)


@router.post("/{account_id}/role", dependencies=[needs(Scope.ADMIN)])
def change_role(
    account_id: AccountId,
    people: ThePeople,
    by: Administrator,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("role"))],
) -> RedirectResponse:
    people.accounts.set_role(by, account_id, _role(form["role"]))
    return _back(frame)


@router.post("/{account_id}/disable", dependencies=[needs(Scope.ADMIN)])
def disable(
    account_id: AccountId, people: ThePeople, by: Administrator, frame: TheFrame
) -> RedirectResponse:
    people.accounts.disable(by, account_id)
    return _back(frame)


@router.post("/{account_id}/enable", dependencies=[needs(Scope.ADMIN)])
def enable(
    account_id: AccountId, people: ThePeople, by: Administrator, frame: TheFrame
) -> RedirectResponse:
    people.accounts.enable(by, account_id)
    return _back(frame)


@router.post("/{account_id}/reset", dependencies=[needs(Scope.ADMIN)])
def reset(
    request: Request,
    account_id: AccountId,
    people: ThePeople,
    by: Administrator,
    frame: TheFrame,
) -> HTMLResponse:
    """Shows a one-time link for a new password."""
    secret = people.accounts.reset(by, account_id)
    return _link(request, frame, people.accounts.get(account_id).name, secret)


def _page(people: People, by: Principal, frame: Frame, *, refused: str = "", name: str = "") -> str:
    mine = by.actor.removeprefix("account:")
    roles = [role for role in Role if role is not Role.OPERATOR or by.role is Role.OPERATOR]
    return render(
        "people.html",
        frame,
        accounts=people.accounts.people(by),
        tenant=by.tenant,
        mine=mine,
        roles=roles,
        refused=refused,
        name=name,
    )


def _link(request: Request, frame: Frame, name: str, secret: str) -> HTMLResponse:
    address = f"{str(request.base_url).rstrip('/')}/set-password?link={secret}"
    return HTMLResponse(render("link.html", frame, name=name, address=address))


def _back(frame: Frame) -> RedirectResponse:
    return RedirectResponse(f"{frame.root}/people", status_code=303)


def _role(untrusted: str) -> Role:
    if untrusted not in set(Role):
        raise InvalidRequest(no_such("role", untrusted, Role))
    return Role(untrusted)
