"""Forms whose text is never lost: whoever sends one without a session gets it back, to send again."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from service.access_errors import CredentialsMissing, CsrfTokenWrong
from service.api.forms import Fields, form_of
from service.api.sessions import session_of
from service.errors import ServiceError
from service.web.frame import Frame

_ENDED: Final = "Your session has ended, so nothing was saved. What you wrote is still below."
_ANEW: Final = (
    "You have signed in again since you opened that page, so nothing was saved yet. What you wrote "
    "is still below: send it from here."
)

Kept = Callable[[Request, Frame, Fields, str], str]
"""The page that shows what was typed again, with a sentence above it."""


def keeping(kept: Kept) -> type[APIRoute]:
    """The class of routes that answer with that page."""

    class Keeping(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_or_keep(request: Request) -> Response:
                try:
                    return await handle(request)
                except (CredentialsMissing, CsrfTokenWrong) as error:
                    if request.method != "POST":
                        raise
                    try:
                        form = await form_of(request)
                    except ServiceError:
                        raise error from None
                    root = str(request.scope.get("root_path", ""))
                    frame = Frame(root, people=True, session=session_of(request))
                    sentence = _ENDED if frame.session is None else _ANEW
                    page = kept(request, frame, form, sentence)
                    return HTMLResponse(page, status_code=error.status)

            return handle_or_keep

    return Keeping
