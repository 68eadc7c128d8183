"""The language of an answer: asked for in the address, kept in a cookie, or the browser's own.

Pages follow all three. The API speaks English, in which reports are stored and signed; only the forms of a
report that are made to be read, and what its page asks for, are said in another language.
"""

from http.cookies import CookieError, SimpleCookie
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.language.languages import Language, named, speaking

PARAMETER: Final = "lang"
COOKIE: Final = "assay_language"
YEAR: Final = 365 * 24 * 3600  # seconds

_MOST_WISHES: Final = 20


class InLanguage:
    """ASGI middleware: whatever answers with a page says its sentences in the language of the reader."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_api(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        query = QueryParams(scope["query_string"])
        asked = named(query.get(PARAMETER, ""))
        if asked is not None:  # no page knows it: it is asked of all of them
            rest = [item for item in query.multi_items() if item[0] != PARAMETER]
            scope = {**scope, "query_string": urlencode(rest).encode()}
        chosen = asked or _kept(headers) or preferred(headers.get("accept-language", ""))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = MutableHeaders(scope=message)
                if said.get("content-type", "").startswith("text/html"):
                    said.add_vary_header("Accept-Language, Cookie")
                    if asked is not None:
                        said.append("Set-Cookie", _cookie(asked, scope))
            await send(message)

        with speaking(chosen):
            await self._app(scope, receive, answer)


def preferred(untrusted_wishes: str) -> Language:
    """The one of an Accept-Language header that is wanted most; English where none can be had."""
    best, weight = Language.ENGLISH, 0.0
    for wish in untrusted_wishes.split(",")[:_MOST_WISHES]:
        tag, _, parameters = wish.partition(";")
        found = named(tag)
        name, _, value = parameters.strip().partition("=")
        try:
            wanted = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if found is not None and weight < wanted <= 1:
            best, weight = found, wanted
    return best


def _for_readers(
    request: Request,
    lang: Annotated[
        Language | None,
        Query(description="Of sentences in HTML and PDF; else by Accept-Language"),
    ] = None,
) -> Language:
    return lang or preferred(request.headers.get("accept-language", ""))


ReadersLanguage = Annotated[Language, Depends(_for_readers)]
"""Of a form that is made to be read."""

AskedLanguage = Annotated[
    Language, Query(alias=PARAMETER, description="Of sentences; codes are the same in all")
]
"""Of an answer that programs read, which never goes by the browser."""


def _is_api(scope: Scope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith(("/v1/", "/static/", "/.well-known/"))


def _kept(headers: Headers) -> Language | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return named(found.value) if found is not None else None


def _cookie(language: Language, scope: Scope) -> str:
    secure = "; Secure" if scope["scheme"] == "https" else ""
    path = scope.get("root_path", "") or "/"
    return f"{COOKIE}={language}; Path={path}; Max-Age={YEAR}; SameSite=Lax; HttpOnly{secure}"
