"""The pages on which people sign in and out, and set a password by a one-time link."""

import re
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from service.access.people import People
from service.access.sessions import LIFE
from service.access_errors import PasswordRefused, SignInFailed, TooManyAttempts
from service.api.access import PUBLIC
from service.api.forms import Fields, fields
from service.api.sessions import (
    TheSession,
    check_token,
    check_transport,
    drop_cookie,
    people_of,
    read_token,
    set_cookie,
    token_of,
)
from service.db.accounts import StoredAccount
from service.web.frame import Frame, TheFrame, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_OURS: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def _people(request: Request) -> People:
    """Raises 404 where nobody has to sign in."""
    people = people_of(request)
    if not people.wanted():
        raise HTTPException(404)
    return people


ThePeople = Annotated[People, Depends(_people)]


@router.get("/sign-in", dependencies=[PUBLIC])
def ask(
    request: Request,
    people: ThePeople,
    frame: TheFrame,
    to: Annotated[str, Query(max_length=2048)] = "/",
    *,
    unsaved: Annotated[bool, Query(description="A form was sent without a session")] = False,
) -> Response:
    """The form; somebody who is signed in goes on to where they were going."""
    if frame.session is not None:
        return onwards(frame, to)
    return sign_in_page(people, frame, to, unsaved=unsaved)


@router.post("/sign-in", dependencies=[PUBLIC])
def sign_in(
    request: Request,
    people: ThePeople,
    form: Annotated[Fields, Depends(fields("name", "password", "to"))],
) -> Response:
    """Begins a new session, whatever cookie came with the form."""
    check_transport(request)
    frame = Frame(str(request.scope.get("root_path", "")), people=True)
    try:
        account = people.accounts.sign_in(form["name"], form["password"], address_of(request))
    except (SignInFailed, TooManyAttempts) as error:
        return sign_in_page(people, frame, form["to"], error, name=form["name"])
    return begin(request, people, account, onwards(frame, form["to"]))


@router.post("/sign-out", dependencies=[PUBLIC, Depends(read_token)])
def sign_out(
    request: Request, people: ThePeople, session: TheSession, frame: TheFrame
) -> RedirectResponse:
    if session is not None:
        check_token(request, session)
        people.sessions.end(session)
    answer = RedirectResponse(f"{frame.root}/sign-in", status_code=303)
    drop_cookie(request, answer)
    return answer


@router.get("/set-password", dependencies=[PUBLIC])
def ask_for_password(
    people: ThePeople, frame: TheFrame, link: Annotated[str, Query(max_length=64)] = ""
) -> str:
    """Where a one-time link leads."""
    account = people.accounts.of_link(link)
    return render("set_password.html", frame, link=link, name=account.name, refused="")


@router.post("/set-password", dependencies=[PUBLIC])
def set_password(
    request: Request,
    people: ThePeople,
    form: Annotated[Fields, Depends(fields("link", "password"))],
) -> Response:
    """Uses the link up and signs its owner in."""
    check_transport(request)
    frame = Frame(str(request.scope.get("root_path", "")), people=True)
    account = people.accounts.of_link(form["link"])
    try:
        people.accounts.use_link(form["link"], form["password"])
    except PasswordRefused as error:
        page = render(
            "set_password.html", frame, link=form["link"], name=account.name, refused=str(error)
        )
        return HTMLResponse(page, status_code=error.status)
    return begin(request, people, account, onwards(frame, "/"))


def begin(
    request: Request,
    people: People,
    account: StoredAccount,
    answer: Response,
    life: timedelta = LIFE,
) -> Response:
    """Sign somebody in: the answer brings the cookie of a session that did not exist before."""
    agent = request.headers.get("user-agent", "")
    token = people.sessions.begin(account, agent, instead_of=token_of(request), life=life)
    set_cookie(request, answer, token, life)
    return answer


def address_of(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def sign_in_page(
    people: People,
    frame: Frame,
    to: str,
    refused: SignInFailed | TooManyAttempts | None = None,
    *,
    name: str = "",
    unsaved: bool = False,
) -> HTMLResponse:
    status, reason, headers = 200, "", {}
    if refused is not None:
        status, reason = refused.status, str(refused)
        if refused.retry_after is not None:
            headers["Retry-After"] = str(refused.retry_after)
    provider = people.provider.name if people.provider is not None else ""
    page = render(
        "sign_in.html",
        frame,
        to=to,
        refused=reason,
        name=name,
        provider=provider,
        unsaved=unsaved,
    )
    return HTMLResponse(page, status_code=status, headers=headers)


def onwards(frame: Frame, untrusted_to: str) -> RedirectResponse:
    """To a page of ours; a link may not use us to lead somewhere else."""
    to = untrusted_to if _OURS.fullmatch(untrusted_to) else "/"
    return RedirectResponse(f"{frame.root}{to}", status_code=303)
