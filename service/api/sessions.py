"""The session that a browser's cookie names, and the token that its changes have to carry."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Request, Response

from service.access import csrf
from service.access.people import People
from service.access.principal import Principal
from service.access.sessions import principal_of
from service.access_errors import HttpsRequired
from service.api.authentication import entrance
from service.api.forms import form_of, is_form
from service.api.hosts import Hosts
from service.db.sessions import StoredSession

SECURE: Final = "__Host-assay"
"""Browsers take a cookie of this prefix only over TLS and only from this very host."""

PLAIN: Final = "assay"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK: Final = Hosts()


class Cookies:
    """The session that a cookie names, for people in a browser."""

    def __init__(self, people: People) -> None:
        self._people = people

    def shown(self, request: Request) -> bool:
        return token_of(request) is not None

    def authenticate(self, request: Request) -> Principal | None:
        """Raises `CsrfTokenWrong`, `TenantSuspended`."""
        session = session_of(request)
        if session is None:
            return None
        check_token(request, session)
        return principal_of(session, self._people.tenants)


def people_of(request: Request) -> People:
    return entrance(request).people


def cookie_name(request: Request) -> str:
    return SECURE if request.scope["scheme"] == "https" else PLAIN


def token_of(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request))


def session_of(request: Request) -> StoredSession | None:
    """Who is signed in, asked of the database once for a request."""
    if not hasattr(request.state, "session"):
        token = token_of(request)
        found = people_of(request).sessions.find(token) if token is not None else None
        request.state.session = found
    session: StoredSession | None = request.state.session
    return session


def forget_session(request: Request) -> None:
    """What is asked next asks the database again: an answer may take longer than a session."""
    if hasattr(request.state, "session"):
        del request.state.session


async def read_token(request: Request) -> None:
    """Read the form that a session sends, so that `check_token` finds the token in it.

    Raises what `form_of` does.
    """
    if request.method not in _SAFE and token_of(request) is not None and is_form(request):
        await form_of(request)


def check_token(request: Request, session: StoredSession) -> None:
    """Raises `CsrfTokenWrong` unless what may change something carries the session's token.

    It comes in a header, in a form that was read, or in the address of a form with files, so that
    it is checked before they arrive.
    """
    if request.method in _SAFE:
        return
    untrusted = request.headers.get(csrf.HEADER) or request.query_params.get(csrf.FIELD)
    if untrusted is None:
        untrusted = getattr(request.state, "form", {}).get(csrf.FIELD)
    csrf.check(session.csrf, untrusted)


def check_transport(request: Request) -> None:
    """Raises `HttpsRequired` where a password would travel in the clear."""
    if request.url.scheme != "https" and not _LOOPBACK.allow(request.headers.get("host", "")):
        raise HttpsRequired(
            "passwords are taken over https only; a proxy that adds it has to be named in "
            "ASSAY_TRUSTED_PROXIES"
        )


def set_cookie(request: Request, response: Response, token: str, life: timedelta) -> None:
    """Scripts cannot read it, and pages of other sites cannot send it along with a form."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(life.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(
        cookie_name(request),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


TheSession = Annotated[StoredSession | None, Depends(session_of)]
"""Who is signed in, whether or not that is who the request comes from."""
