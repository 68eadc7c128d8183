"""uvicorn's HTTP protocol with patience that ends: slow clients cannot take every connection."""

import asyncio
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.api.problems import MEDIA_TYPE, Problem

LOOK_SECONDS: Final = 1.0
_ARRIVING: Final = (h11.IDLE, h11.SEND_BODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one connection may take for what, and how many of one client may take it."""

    header_seconds: float
    stall_seconds: float
    bytes_per_second: int
    unfinished: int


@dataclass(slots=True)
class Mark:
    """What a connection was doing when it was last seen to get on."""

    doing: tuple[object, ...]
    since: float
    received: int


@dataclass(slots=True)
class Waiting:
    """Connections whose request has not arrived completely, by client, the oldest first."""

    by_client: defaultdict[str, dict["PatientProtocol", None]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def add(self, connection: "PatientProtocol") -> None:
        self.by_client[connection.peer].setdefault(connection)

    def discard(self, connection: "PatientProtocol") -> None:
        of_client = self.by_client.get(connection.peer, {})
        of_client.pop(connection, None)
        if not of_client:
            self.by_client.pop(connection.peer, None)


def patient(patience: Patience) -> type[H11Protocol]:
    """A protocol for uvicorn's `http` option, with a count of connections of its own."""

    class Patient(PatientProtocol):
        pass

    Patient.patience = patience
    Patient.waiting = Waiting()
    return Patient


class PatientProtocol(H11Protocol):
    """Looks at its connection every second and ends it when it does not get on."""

    patience: ClassVar[Patience]
    waiting: ClassVar[Waiting]
    peer = ""
    _received = 0
    _look: asyncio.TimerHandle | None = None
    _mark: Mark

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self._mark = Mark(self._doing(), self.loop.time(), 0)
        self.waiting.add(self)
        self._make_room()
        self._later()

    def connection_lost(self, exc: Exception | None) -> None:
        self.waiting.discard(self)
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)
        if self.conn.their_state in _ARRIVING:
            self.waiting.add(self)
        else:
            self.waiting.discard(self)

    def _later(self) -> None:
        pace = min(LOOK_SECONDS, self.patience.header_seconds / 4, self.patience.stall_seconds / 4)
        self._look = self.loop.call_later(pace, self._watch)

    def _make_room(self) -> None:
        """Of too many unfinished connections, end the one that waits longest for its headers."""
        of_client = self.waiting.by_client[self.peer]
        if len(of_client) <= self.patience.unfinished:
            return
        headless = (other for other in of_client if other.conn.their_state is h11.IDLE)
        next(headless, self).end(503, "too_many_connections", "Too many unfinished requests")

    def _watch(self) -> None:
        if self.transport.is_closing():
            return
        self._later()
        now, doing = self.loop.time(), self._doing()
        if doing != self._mark.doing:
            self._mark = Mark(doing, now, self._received)
            return
        waited = now - self._mark.since
        if self.conn.their_state is h11.IDLE:
            if self.timeout_keep_alive_task is None and waited >= self.patience.header_seconds:
                self.end(408, "request_timeout", "The request did not arrive in time")
        elif waited < self.patience.stall_seconds:
            return
        elif self.flow.write_paused:
            self.transport.abort()  # nobody reads the answer
        elif self.conn.their_state is h11.SEND_BODY:
            if self._received - self._mark.received <= self.patience.bytes_per_second * waited:
                self.end(408, "upload_stalled", "The upload made no progress")
            else:
                self._mark = Mark(doing, now, self._received)

    def _doing(self) -> tuple[object, ...]:
        """Differs whenever the connection got on with something, or waits for us."""
        if self.conn.their_state is h11.IDLE:
            return h11.IDLE, self.cycle, self.timeout_keep_alive_task
        left = self.transport.get_write_buffer_size() if self.flow.write_paused else 0
        return self.conn.their_state, self.cycle, self.flow.read_paused and self._received, left

    def end(self, status: int, code: str, title: str) -> None:
        """Answer, unless an answer is under way, and close. The application sees a disconnect."""
        cycle = self.cycle
        answering = cycle is not None and cycle.response_started and not cycle.response_complete
        late = cycle is not None and cycle.response_complete and self.conn.our_state is not h11.IDLE
        if not answering and not late:
            self.transport.write(_answer(status, code, title))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.waiting.discard(self)
        self.transport.close()


def _answer(status: int, code: str, title: str) -> bytes:
    problem = Problem(
        type=f"urn:assay:problem:{code}",
        title=title,
        status=status,
        detail=title,
        code=code,
        instance="",
        request_id=uuid.uuid4().hex,
    )
    body = problem.model_dump_json(exclude_none=True).encode()
    head = (
        f"HTTP/1.1 {status} {code}\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
