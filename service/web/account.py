"""The page of one's own account: the password, and the browsers that are signed in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.access.people import People
from service.access.principal import LOCAL, Role, Scope
from service.access.sessions import actor_of
from service.access_errors import (
    AccountNotFound,
    AccountRefused,
    CredentialsMissing,
    PasswordRefused,
    SignInFailed,
    TooManyAttempts,
)
from service.api.access import ThePrincipal, needs
from service.api.forms import Fields, fields
from service.api.sessions import TheSession, check_transport, drop_cookie
from service.db.sessions import StoredSession
from service.web.frame import Frame, TheFrame, render
from service.web.sign_in import ThePeople, address_of

router = APIRouter(prefix="/account", include_in_schema=False, default_response_class=HTMLResponse)


def _signed_in(
    request: Request, people: ThePeople, principal: ThePrincipal, session: TheSession
) -> StoredSession:
    """Raises `CredentialsMissing`, and `AccountNotFound` for a key."""
    if session is not None and principal.actor == actor_of(session):
        return session
    if principal.actor == LOCAL:
        request.state.may_sign_in = people.wanted()
        raise CredentialsMissing("this page is for people who are signed in")
    raise AccountNotFound("a key has no account")


Mine = Annotated[StoredSession, Depends(_signed_in)]


@router.get("", dependencies=[needs(Scope.SCANS_READ)])
def show(people: ThePeople, mine: Mine, frame: TheFrame) -> str:
    return _page(people, mine, frame)


@router.post("/password", dependencies=[needs(Scope.SCANS_READ)])
def change_password(
    request: Request,
    people: ThePeople,
    mine: Mine,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("current", "new"))],
) -> Response:
    """Every other browser of this account is signed out."""
    check_transport(request)
    try:
        people.accounts.change_password(
            mine.account_id,
            form["current"],
            form["new"],
            address=address_of(request),
            keep=mine.token,
        )
    except (PasswordRefused, SignInFailed, TooManyAttempts) as error:
        page = _page(people, mine, frame, refused=str(error))
        return HTMLResponse(page, status_code=error.status)
    return HTMLResponse(_page(people, mine, frame, done="The password was changed."))


@router.post("/tenant", dependencies=[needs(Scope.SCANS_READ)])
def change_tenant(
    people: ThePeople,
    mine: Mine,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("tenant"))],
) -> RedirectResponse:
    """An operator acts in another tenant from now on, in this browser."""
    if mine.role != Role.OPERATOR:
        raise AccountRefused("only an operator changes from one tenant to another")
    people.sessions.act_in(mine, people.tenants.get(form["tenant"]).name)
    return RedirectResponse(f"{frame.root}/account", status_code=303)


@router.post("/sessions/{session_id}/end", dependencies=[needs(Scope.SCANS_READ)])
def end_one(
    session_id: Annotated[str, Path(max_length=32)],
    people: ThePeople,
    mine: Mine,
    frame: TheFrame,
) -> RedirectResponse:
    people.sessions.end_one(mine, session_id)
    return RedirectResponse(f"{frame.root}/account", status_code=303)


@router.post("/sessions/end", dependencies=[needs(Scope.SCANS_READ)])
def end_all(request: Request, people: ThePeople, mine: Mine, frame: TheFrame) -> RedirectResponse:
    """Sign out everywhere, here too."""
    people.sessions.end_all(mine)
    answer = RedirectResponse(f"{frame.root}/sign-in", status_code=303)
    drop_cookie(request, answer)
    return answer


def _page(
    people: People, mine: StoredSession, frame: Frame, *, refused: str = "", done: str = ""
) -> str:
    return render(
        "account.html",
        frame,
        mine=mine,
        tenants=people.tenants.list() if mine.role == Role.OPERATOR else (),
        sessions=people.sessions.of(mine.account_id),
        refused=refused,
        done=done,
    )
