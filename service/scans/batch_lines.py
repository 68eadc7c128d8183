"""The lines of a batch, each checked by itself: a wrong one is named and spoils no other."""

from collections.abc import Iterator
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from service.db.batch_lifecycle import NewItem
from service.db.lifecycle import Failure
from service.errors import (
    BatchTooLong,
    InvalidRequest,
    UnknownField,
    UrlRefused,
)
from service.names import no_such
from service.reporting.report import Profile

MAX_LINES: Final = 1000
MAX_LINE_BYTES: Final = 8192
MAX_BODY_BYTES: Final = 4 * 1024**2
REFERENCE_LENGTH: Final = 200
MAX_LABELS: Final = 16
PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"

LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
LabelValue = Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=200)]


class Line(BaseModel):
    """One file of a batch: its public address, or the upload that it was sent to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str | None = Field(default=None, min_length=1, max_length=4096)
    upload: str | None = Field(default=None, min_length=1, max_length=64)
    reference: str | None = Field(
        default=None,
        max_length=REFERENCE_LENGTH,
        pattern=PRINTABLE,
        description="The client's own name for it, repeated in the results",
    )
    labels: dict[LabelName, LabelValue] | None = Field(default=None, max_length=MAX_LABELS)
    profile: Profile | None = Field(default=None, strict=False)


def read_lines(untrusted: bytes, profile: Profile) -> tuple[NewItem, ...]:
    """The items of an NDJSON body; those that were wrong have their failure. Blank lines are none.

    Raises `BatchTooLong`, and `InvalidRequest` for a body without a line.
    """
    items: list[NewItem] = []
    for number, line in _lines(untrusted):
        if len(items) == MAX_LINES:
            raise BatchTooLong(f"a batch has at most {MAX_LINES} lines")
        items.append(_item(number, line, profile))
    if not items:
        raise InvalidRequest("the batch is empty: send one JSON object a line")
    return tuple(items)


def _lines(untrusted: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(untrusted.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _item(number: int, untrusted: bytes, profile: Profile) -> NewItem:
    if len(untrusted) > MAX_LINE_BYTES:
        return _wrong(number, profile, InvalidRequest.code, "the line is longer than 8 KiB")
    try:
        line = Line.model_validate_json(untrusted)
    except ValidationError as error:
        return _wrong(number, profile, *_explained(error))
    chosen = line.profile or profile
    item = NewItem(
        line=number,
        profile=chosen,
        url=line.url,
        upload_id=line.upload,
        reference=line.reference or None,
        labels=line.labels or None,
    )
    if (line.url is None) == (line.upload is None):
        return _refused(item, InvalidRequest.code, "a line has either a url or an upload")
    if line.url is not None and not _is_web(line.url):
        return _refused(item, UrlRefused.code, "only http and https addresses are fetched")
    return item


def _explained(error: ValidationError) -> tuple[str, str]:
    """Code and sentence of the first thing that is wrong; what was sent is not repeated."""
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] == "extra_forbidden":
        return UnknownField.code, no_such("field", str(first["loc"][-1]), Line.model_fields)
    where = ".".join(str(part) for part in first["loc"] if part in Line.model_fields)
    return InvalidRequest.code, f"{where}: {first['msg']}" if where else first["msg"]


def _wrong(number: int, profile: Profile, code: str, sentence: str) -> NewItem:
    return NewItem(line=number, profile=profile, failure=Failure.of(code, sentence))


def _refused(item: NewItem, code: str, sentence: str) -> NewItem:
    """A line that is wrong as a whole is still known by its reference."""
    return NewItem(
        line=item.line,
        profile=item.profile,
        url=item.url,
        reference=item.reference,
        labels=item.labels,
        failure=Failure.of(code, sentence),
    )


def _is_web(untrusted_url: str) -> bool:
    try:
        return urlsplit(untrusted_url).scheme in {"http", "https"}
    except ValueError:
        return False
