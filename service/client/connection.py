"""What both clients share: how they are set up, and what they make of an answer."""

import json
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import TypeAdapter

from .errors import AssayError, NotReachable, Refused, ScanFailed
from .models import Answer, BatchEvent, Event, Report, Scan
from .retries import Retries

T = TypeVar("T")

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
ENDS: Final = frozenset({"end", "gone"})
"""The events after which a stream has nothing more to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the service is, who asks, and how patiently.

    `timeout` is the seconds that one step of a request may take. Raises `ValueError` for a key that
    would be sent in the clear to another machine, unless `insecure` says that the network is safe.
    """

    address: str
    key: str | None = field(default=None, repr=False)
    timeout: float = 60.0
    retries: Retries = field(default_factory=Retries)
    insecure: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{self.address!r} is no http or https address")
        plain = parts.scheme == "http" and parts.hostname not in LOOPBACK
        if self.key is not None and plain and not self.insecure:
            raise ValueError("a key is sent over https, or over http to this machine alone")

    @property
    def headers(self) -> dict[str, str]:
        named = {"User-Agent": "assay-client"}
        return named if self.key is None else {**named, "Authorization": f"Bearer {self.key}"}

    def pause(self, attempt: int, response: httpx2.Response) -> float | None:
        """Seconds to wait before the same request is sent again; None: the answer stands."""
        return self.retries.wait(attempt, response.status_code, response.headers)

    def pause_unanswered(self, attempt: int, error: httpx2.TransportError) -> float:
        """Seconds to wait after no answer came. Raises `NotReachable` after the last attempt."""
        pause = self.retries.wait(attempt, None, {})
        if pause is None:
            raise NotReachable(f"{self.address} did not answer: {error}") from error
        return pause


def checked(response: httpx2.Response) -> httpx2.Response:
    """The answer, if it is one. Raises `Refused`; the body has to have been read."""
    if response.is_success:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    raise Refused(response.status_code, problem if isinstance(problem, dict) else {})


def parsed(kind: type[T], response: httpx2.Response) -> T:
    """The body as one of the models. Raises `AssayError` where something else answered."""
    try:
        return TypeAdapter(kind).validate_json(response.content)
    except ValueError as error:
        raise AssayError("the answer is not what assay sends; is this its address?") from error


def report_of(response: httpx2.Response) -> Report:
    return parsed(Report, response).model_copy(update={"document": response.content})


def event_of(event: httpx2.ServerSentEvent) -> Event:
    scan = None if event.event == "gone" else TypeAdapter(Scan).validate_json(event.data)
    return Event(name=event.event, id=event.id or None, scan=scan)


def batch_event_of(event: httpx2.ServerSentEvent) -> BatchEvent:
    batch = None if event.event == "gone" else TypeAdapter(Answer).validate_json(event.data)
    return BatchEvent(name=event.event, id=event.id or None, batch=batch)


def with_report(scan: Scan) -> Scan:
    """The scan, if it ended in a report. Raises `ScanFailed`."""
    if scan.state == "done":
        return scan
    failure = scan.failure
    code = failure.code if failure is not None else f"scan_{scan.state}"
    raise ScanFailed(scan.id, code, failure.sentence if failure is not None else scan.state)


def lines_of(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise AssayError("a line of the results is no object")
    return found
