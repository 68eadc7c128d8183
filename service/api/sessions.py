"""The session that a browser's cookie names, and the token that its changes have to carry."""

from typing import Annotated, Final, cast

from fastapi import Depends, Request, Response

from service.access import csrf
from service.access.people import People
from service.access.sessions import LIFE
from service.api.forms import form_of, is_form
from service.api.hosts import Hosts
from service.db.sessions import StoredSession
from service.errors import HttpsRequired

SECURE: Final = "__Host-assay"
"""Browsers take a cookie of this prefix only over TLS and only from this very host."""

PLAIN: Final = "assay"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK: Final = Hosts()


def people_of(request: Request) -> People | None:
    """None where the service was built without people."""
    return cast(People | None, request.app.state.people)


def cookie_name(request: Request) -> str:
    return SECURE if request.url.scheme == "https" else PLAIN


def token_of(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request))


def session_of(request: Request) -> StoredSession | None:
    """Who is signed in; None if nobody is, or where there are no people."""
    people, token = people_of(request), token_of(request)
    if people is None or token is None:
        return None
    return people.sessions.find(token)


async def checked_session(
    request: Request, session: Annotated[StoredSession | None, Depends(session_of)]
) -> StoredSession | None:
    """The session, for a request that may change something in its name.

    Raises `CsrfTokenWrong` unless such a request carries the session's token: in a header, in its
    form, or in its address where the form has files, so that it is checked before they arrive.
    """
    if session is not None and request.method not in _SAFE:
        untrusted = request.headers.get(csrf.HEADER) or request.query_params.get(csrf.FIELD)
        if untrusted is None and is_form(request):
            untrusted = (await form_of(request)).get(csrf.FIELD)
        csrf.check(session.csrf, untrusted)
    return session


def check_transport(request: Request) -> None:
    """Raises `HttpsRequired` where a password would travel in the clear."""
    if request.url.scheme != "https" and not _LOOPBACK.allow(request.headers.get("host", "")):
        raise HttpsRequired(
            "passwords are taken over https only; a proxy that adds it has to be named in "
            "ASSAY_TRUSTED_PROXIES"
        )


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Scripts cannot read it, and pages of other sites cannot send it along with a form."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(LIFE.total_seconds()),
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


TheSession = Annotated[StoredSession | None, Depends(checked_session)]
