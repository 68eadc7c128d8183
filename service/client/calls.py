"""Every request as a value, shared by both clients: where it goes, what it carries."""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

File = Path | str | bytes | BinaryIO
"""A path, the bytes themselves, or an open file, which is sent from its start."""


class Options(TypedDict, total=False):
    """The fields of a new scan beside its file: what each means stands in the API's description."""

    profile: str
    reference: str
    labels: Mapping[str, str]
    priority: str
    reuse: str
    max_age: int


class Submission(Options, total=False):
    """All that `check` hands on to `submit`."""

    url: str
    place: str
    name: str
    idempotency_key: str


class Filters(TypedDict, total=False):
    """What a list of scans may be narrowed to."""

    verdict: str
    kind: str
    state: str
    action: str
    signer: str
    reference: str
    label: str
    sha256: str
    created_after: datetime
    created_before: datetime
    q: str
    sender: str
    assignee: str
    reviewed: bool
    sort: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that may be sent several times."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    file: "Attachment | None" = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to be sent, read from its start at every attempt."""

    file: File
    name: str

    def open(self) -> AbstractContextManager[BinaryIO | bytes]:
        if isinstance(self.file, bytes):
            return nullcontext(self.file)
        if isinstance(self.file, Path | str):
            return Path(self.file).open("rb")
        self.file.seek(0)
        return nullcontext(self.file)


@contextmanager
def opened(call: Call) -> Iterator[dict[str, Any]]:
    """What a request is built from; its file is open inside the block."""
    parts: dict[str, Any] = {"params": call.params, "headers": call.headers}
    if call.content is not None:
        parts["content"] = call.content
    if call.file is None:
        yield parts | ({"files": _fields(call.form)} if call.form else {})
        return
    with call.file.open() as body:
        yield parts | {"files": [*_fields(call.form), ("file", (call.file.name, body))]}


def _fields(form: Mapping[str, str]) -> list[tuple[str, tuple[None, str]]]:
    return [(name, (None, value)) for name, value in form.items()]


def attachment(file: File, name: str | None) -> Attachment:
    """`name` is shown in lists and reports; without one the path's last part is."""
    if isinstance(file, bytes):
        return Attachment(file, name or "file")
    if isinstance(file, Path | str):
        return Attachment(file, name or Path(file).name)
    return Attachment(file, name or Path(str(getattr(file, "name", "file"))).name)


def submission(
    file: File | None,
    url: str | None,
    place: str | None,
    *,
    name: str | None,
    idempotency_key: str | None,
    options: Mapping[str, Any],
) -> Call:
    """A new scan of a file, an address or a path. Raises `ValueError` unless one is given."""
    if [file, url, place].count(None) != 2:
        raise ValueError("give one of a file, a url and a place")
    form = {key: text(value) for key, value in options.items()}
    if url is not None:
        form["url"] = url
    if place is not None:
        form["place"] = place
    return Call(
        method="POST",
        path="/v1/scans",
        headers={"Idempotency-Key": idempotency_key or new_key()},
        form=form,
        file=attachment(file, name) if file is not None else None,
    )


def batch(items: Iterable[Mapping[str, Any]], idempotency_key: str | None) -> Call:
    """Up to 1,000 items, one JSON object a line."""
    lines = "".join(f"{json.dumps(item)}\n" for item in items)
    headers = {
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": idempotency_key or new_key(),
    }
    return Call(method="POST", path="/v1/batches", headers=headers, content=lines.encode())


def sent(method: str, path: str, document: object) -> Call:
    """A JSON document to an address."""
    headers = {"Content-Type": "application/json"}
    return Call(method=method, path=path, headers=headers, content=json.dumps(document).encode())


def listing(cursor: str | None, filters: Mapping[str, Any]) -> Call:
    params = {key: text(value) for key, value in filters.items()}
    if cursor is not None:
        params["cursor"] = cursor
    return Call(method="GET", path="/v1/scans", params=params)


def read(path: str, accept: str = "application/json") -> Call:
    return Call(method="GET", path=path, headers={"Accept": accept})


def new_key() -> str:
    """A key that makes sending the same request again harmless."""
    return secrets.token_hex(16)


def text(value: object) -> str:
    """A form's or a query's text for a value: dates as RFC 3339, mappings as JSON."""
    if isinstance(value, Mapping):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
