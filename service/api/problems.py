"""Every error a client can meet, as RFC 9457 problem JSON with a stable code."""

import logging
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from service import figures
from service.api.languages import preferred
from service.errors import (
    DatabaseUnavailable,
    InvalidRequest,
    PolicyInvalid,
    ServiceError,
    StorageFull,
)
from service.language.languages import speaking
from service.language.reading import told
from service.language.spoken import N_

MEDIA_TYPE: Final = "application/problem+json"
INTERNAL: Final = "internal_error"
PHRASES: Final = {460: "Checksum Mismatch"}
"""Of statuses that are not in the standard's list; this one is of the tus protocol."""

RETRY_AFTER: Final[dict[str, Any]] = {
    "Retry-After": {
        "description": "Seconds after which asking again makes sense",
        "schema": {"type": "integer", "minimum": 0},
    }
}

log = logging.getLogger(__name__)

Page = Callable[["Problem", str], str]
"""Renders a problem for a person in a browser; the second is the path the service lies under."""


class Invalid(BaseModel):
    """One part of a request that makes no sense."""

    where: str = Field(examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """What went wrong. `code` is stable; `title` and `detail` are for people and may change."""

    type: str = Field(examples=["urn:assay:problem:scan_not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["scan_not_found"])
    instance: str = Field(description="Path of the request")
    request_id: str = Field(description="As in the X-Request-ID header and in the log")
    errors: list[Invalid] | None = None


def documented(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with these errors: one example for each code."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        known = responses.setdefault(error.status, _response(error.status))
        if error.retry_after is not None:
            known["headers"] = RETRY_AFTER
        known["content"][MEDIA_TYPE]["examples"][error.code] = {"value": _example(error)}
    return responses


def install(app: FastAPI, page: Page) -> None:
    """Answer every error with a problem; browsers that ask for a page get it as one."""

    async def on_error(request: Request, error: Exception) -> Response:
        return refusal(request, error, page)

    async def on_database_error(request: Request, error: Exception) -> Response:
        """What the database refuses for a while is the client's to try again, and no bug."""
        log.error("the database refused: %s", error, extra={"request_id": request_id(request)})
        return refusal(request, refused_by_database(error), page)

    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("a request failed", extra={"request_id": request_id(request)}, exc_info=error)
        return refusal(request, error, page)

    async def on_disconnect(request: Request, error: Exception) -> Response:
        log.info("a client left before its upload was complete")
        return Response(status_code=HTTPStatus.BAD_REQUEST)

    for expected in (ServiceError, RequestValidationError, HTTPException):
        app.add_exception_handler(expected, on_error)
    app.add_exception_handler(ClientDisconnect, on_disconnect)
    for refused in (OperationalError, InterfaceError, SQLAlchemyTimeoutError):
        app.add_exception_handler(refused, on_database_error)
    app.add_exception_handler(Exception, on_bug)


def refusal(request: Request, error: Exception, page: Page) -> Response:
    """The answer to a request that ended in this error."""
    if isinstance(error, RequestValidationError):
        return _answer(request, _invalid(request, error), page)
    if isinstance(error, HTTPException):
        return _answer(request, _http(request, error), page, error.headers)
    headers = {}
    if isinstance(error, ServiceError):
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        if error.challenge is not None:
            headers["WWW-Authenticate"] = error.challenge
    return _answer(request, problem_of(request, error), page, headers)


def refused_by_database(error: Exception) -> ServiceError:
    """The public error for one that the database raised because it is away, locked or full."""
    cause = str(getattr(error, "orig", None) or error).lower()
    if "disk is full" in cause or "no space left" in cause:
        return StorageFull("the database has no room to write")
    return DatabaseUnavailable("the database is locked or does not answer")


def request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _may_sign_in(request: Request) -> bool:
    """Whether it was found that signing in would have helped."""
    return bool(getattr(request.state, "may_sign_in", False))


_PAGE: Final = re.compile(r"/(?:scans(?:/[0-9a-z]+)?|people|account)")
"""Pages with forms on them, which can be gone back to."""


def _back(request: Request, root: str) -> str:
    """Where to go on after signing in; what a form was sent to is not a page, but where it stood may be."""
    if request.method in {"GET", "HEAD"}:
        return f"to={quote(request.url.path.removeprefix(root))}"
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        came = urlsplit("")
    path = came.path.removeprefix(root) if came.netloc == request.url.netloc else ""
    return f"to={path if _PAGE.fullmatch(path) else '/'}&unsaved=true"


def problem_of(request: Request, error: Exception) -> Problem:
    """A problem for an error raised on purpose, or for a bug, whose text stays in the log."""
    known = error if isinstance(error, ServiceError) else None
    if known is None or known.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        code = known.code if known is not None else INTERNAL
        return _problem(request, 500, code, ServiceError.title, N_("The log has more."))
    problem = _problem(request, known.status, known.code, known.title, str(known) or known.title)
    if isinstance(known, PolicyInvalid):
        errors = [Invalid(where=where, message=sentence) for where, sentence in known.problems]
        return problem.model_copy(update={"errors": errors})
    return problem


def _problem(request: Request, status: int, code: str, title: str, detail: str) -> Problem:
    return Problem(
        type=f"urn:assay:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        instance=request.url.path,
        request_id=request_id(request),
    )


def _invalid(request: Request, error: RequestValidationError) -> Problem:
    """The values that were sent are not repeated: they may be long, and they may be secrets."""
    errors = [
        Invalid(where=".".join(str(part) for part in item["loc"]), message=item["msg"])
        for item in error.errors()
    ]
    detail = "; ".join(f"{item.where}: {item.message}" for item in errors)
    problem = _problem(request, 422, InvalidRequest.code, InvalidRequest.title, detail)
    return problem.model_copy(update={"errors": errors})


def _http(request: Request, error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    title, detail = {
        HTTPStatus.NOT_FOUND: (N_("Not Found"), N_("There is nothing at this address.")),
        HTTPStatus.METHOD_NOT_ALLOWED: (
            N_("Method Not Allowed"),
            N_("{method} is not possible here.").format(method=request.method),
        ),
    }.get(status, (status.phrase, status.description or status.phrase))
    return _problem(request, status, status.name.lower(), title, detail)


def _answer(
    request: Request, problem: Problem, page: Page, headers: Mapping[str, str] | None = None
) -> Response:
    figures.refused(problem.code)
    root = str(request.scope.get("root_path", ""))
    for_programs = request.url.path.removeprefix(root).startswith(("/v1/", "/health/"))
    if not for_programs and "text/html" in request.headers.get("accept", ""):
        if problem.status == HTTPStatus.UNAUTHORIZED and _may_sign_in(request):
            return RedirectResponse(f"{root}/sign-in?{_back(request, root)}", status_code=303)
        return HTMLResponse(page(problem, root), status_code=problem.status, headers=headers)
    wanted = preferred(request.headers.get("accept-language", ""))
    with speaking(wanted):
        said = _said(problem)
    return JSONResponse(
        said.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), "Content-Language": wanted, "Vary": "Accept-Language"},
    )


def _said(problem: Problem) -> Problem:
    """The problem in the language of the context; its codes are the same in all."""
    said: dict[str, object] = {"title": told(problem.title), "detail": told(problem.detail)}
    if problem.errors is not None:
        said["errors"] = [
            Invalid(where=item.where, message=told(item.message)) for item in problem.errors
        ]
    return problem.model_copy(update=said)


def _response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": PHRASES.get(status) or HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": schema, "examples": {}}},
    }


def _example(error: type[ServiceError]) -> dict[str, Any]:
    return {
        "type": f"urn:assay:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.title,
        "code": error.code,
        "instance": "/v1/scans",
        "request_id": "5f0c6a1e9b7d4c31a2e8d0f4b6c7a913",
    }
