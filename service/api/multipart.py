"""What every multipart body has: the parser's callbacks up to where a part's content begins."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from service.errors import InvalidRequest

MAX_FIELD_BYTES: Final = 8192


class Parts(ABC):
    """Told of each part by the parser that `parser_for` makes. `complete`: none is open."""

    def __init__(self) -> None:
        self.complete = True
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""

    @abstractmethod
    def opened(self, name: str, untrusted_file_name: str | None) -> None:
        """A part begins; it is a file if it has a file name."""

    @abstractmethod
    def data(self, data: bytes, start: int, end: int) -> None:
        """Some of its content."""

    @abstractmethod
    def closed(self) -> None:
        """All of it was there."""

    def begin(self) -> None:
        self.complete = False
        self._disposition = b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        file_name = options.get(b"filename")
        self.opened(
            options.get(b"name", b"").decode("utf-8", "replace"),
            None if file_name is None else file_name.decode("utf-8", "replace"),
        )

    def end(self) -> None:
        self.complete = True
        self.closed()


def parser_for(request: Request, parts: Parts) -> MultipartParser:
    """A parser of the request's body. Raises `InvalidRequest` where that is no multipart form."""
    with malformed():
        return MultipartParser(
            _boundary(request),
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_headers_finished": parts.headers_finished,
                "on_part_data": parts.data,
                "on_part_end": parts.end,
            },
            max_header_size=MAX_FIELD_BYTES,
        )


@contextmanager
def malformed() -> Iterator[None]:
    """Raises `InvalidRequest` for what the parser chokes on."""
    try:
        yield
    except FormParserError as error:
        raise InvalidRequest("the multipart body is malformed") from error


def add_text(text: bytearray, data: bytes) -> None:
    """More of a text field. Raises `InvalidRequest` where it becomes too long."""
    text += data
    if len(text) > MAX_FIELD_BYTES:
        raise InvalidRequest(f"a field is longer than {MAX_FIELD_BYTES} bytes")


def check_kind(name: str, *, takes_file: bool, is_file: bool) -> None:
    """Raises `InvalidRequest` for a file where text belongs, and the other way round."""
    if takes_file is not is_file:
        raise InvalidRequest(f"the field {name} takes {'a file' if takes_file else 'text'}")


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidRequest("send multipart/form-data with a file or a url")
    return boundary
