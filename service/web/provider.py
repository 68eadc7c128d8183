"""The way to an OpenID provider and back: two addresses and a cookie for the minutes in between."""

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from service.access_errors import InNoGroup, ProviderRefused
from service.api.access import PUBLIC
from service.api.resources import ANY_QUERY
from service.api.sessions import check_transport, cookie_name
from service.web.frame import Frame
from service.web.sign_in import ThePeople, begin, onwards

if TYPE_CHECKING:
    from service.access.oidc import Provider

router = APIRouter(prefix="/sign-in", include_in_schema=False)

CALLBACK: Final = "/sign-in/callback"
MINUTES: Final = 10


def _provider(people: ThePeople) -> "Provider":
    """Raises 404 where none is set."""
    if people.provider is None:
        raise HTTPException(404)
    return people.provider


TheProvider = Annotated["Provider", Depends(_provider)]


@router.get("/provider", dependencies=[PUBLIC])
def leave(
    request: Request, provider: TheProvider, to: Annotated[str, Query(max_length=2048)] = "/"
) -> Response:
    """Off to the provider; the cookie is what the way back has to fit."""
    check_transport(request)
    address, secret = provider.begin(_callback(request))
    answer = RedirectResponse(address, status_code=303)
    answer.set_cookie(
        _cookie(request),
        f"{secret}.{quote(to, safe='')}",
        max_age=60 * MINUTES,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/callback", dependencies=[PUBLIC], tags=[ANY_QUERY])
def come_back(request: Request, people: ThePeople, provider: TheProvider) -> Response:
    """Back from the provider; who comes in is signed in until the provider has to be asked again.

    Whoever may come in no more is signed out everywhere.
    """
    secret, _, to = request.cookies.get(_cookie(request), "").partition(".")
    if not secret:
        raise ProviderRefused("this browser did not ask, or too long ago; sign in again")
    try:
        external = provider.finish(secret, dict(request.query_params), _callback(request))
    except InNoGroup as error:
        people.accounts.shut_out(error.issuer, error.subject)
        raise
    account = people.accounts.sign_in_from(external)
    frame = Frame(str(request.scope.get("root_path", "")), people=True)
    going_on = onwards(frame, unquote(to))
    answer = begin(request, people, account, going_on, provider.session)
    answer.delete_cookie(
        _cookie(request), path="/", secure=request.url.scheme == "https", httponly=True
    )
    return answer


def _cookie(request: Request) -> str:
    return f"{cookie_name(request)}-provider"


def _callback(request: Request) -> str:
    return str(request.base_url).rstrip("/") + CALLBACK
