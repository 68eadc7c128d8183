"""Small forms of the pages, read once and checked: a password, a role, a button."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from service.errors import FileTooLarge, InvalidRequest, UnknownField
from service.names import no_such

URLENCODED: Final = "application/x-www-form-urlencoded"
MAX_BYTES: Final = 32 * 1024
"""A review's note of 2,000 characters has room in any script, percent-encoded."""
MANY: Final = "scan"
"""The one field that may come several times; its values are joined by blanks."""

_MAX_FIELDS: Final = 160

Fields = Mapping[str, str]

WRITTEN: Final = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
"""Pattern of what people write in lines: no control character but tabs and ends of lines."""


def written(form: Fields, name: str) -> str:
    """A text of several lines as it was meant: browsers end each as typewriters do."""
    return form[name].replace("\r\n", "\n").strip()


def is_form(request: Request) -> bool:
    """Whether a request says that it carries such a form."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == URLENCODED


async def form_of(request: Request) -> Fields:
    """The fields, however often they are asked for. Raises `InvalidRequest`, `FileTooLarge`."""
    if not is_form(request):
        raise InvalidRequest(f"send a form as {URLENCODED}")
    if not hasattr(request.state, "form"):
        request.state.form = _parsed(await _body(request))
    form: Fields = request.state.form
    return form


def fields(*names: str, also: str = "csrf") -> Callable[[Request], Awaitable[Fields]]:
    """A dependency: a form of these fields, each empty where it was not sent.

    Raises `UnknownField` for any other but `also`, and what `form_of` does.
    """

    async def read(request: Request) -> Fields:
        form = await form_of(request)
        for name in form:
            if name not in names and name != also:
                raise UnknownField(no_such("field", name, names))
        return {name: form.get(name, "") for name in names}

    return read


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise FileTooLarge(f"a form has at most {MAX_BYTES} bytes")
    return bytes(body)


def _parsed(untrusted_body: bytes) -> Fields:
    try:
        pairs = parse_qsl(
            untrusted_body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MAX_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise InvalidRequest("the form is malformed") from error
    form = {name: value for name, value in pairs if name != MANY}
    chosen = [value for name, value in pairs if name == MANY]
    if len(form) + len(chosen) < len(pairs):
        raise InvalidRequest("a field of the form was sent twice")
    return form | {MANY: " ".join(chosen)} if chosen else form
