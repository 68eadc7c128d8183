"""Run a handler on untrusted files in a hardened child process that is started once and reused.

The child is a fresh interpreter (never a fork of this one) with an empty environment. It gets each
file as an open read-only descriptor, so it needs no path, and answers with JSON and arrays that
`detectors.media.wire` checks. A child that crashes, hangs or lies costs one call; the next call
gets a new one. Any package can name a handler: see `detectors.media.serve.Handler`.

Not every measure is the parent's: PR_SET_PDEATHSIG fires when the *thread* that started the child
ends, so it is asked for only from the main thread; everywhere else the child notices the closed
socket, or its own kernel timer ends it.
"""

import contextlib
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Protocol, Self, TypeAlias

from detectors.errors import DecoderCrashed, MediaTimeout
from detectors.media import wire
from detectors.media.handles import read_only
from detectors.media.launch import launched
from detectors.media.lending import Lender
from detectors.media.limits import Confinement
from detectors.media.wire import Array, HandlerError
from detectors.result import Closed

__all__ = ["Caller", "HandlerError", "Hardening", "Part", "Reply", "Sandbox", "SandboxPool"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_GRACE_SECONDS: Final = 5.0


class Hardening(Closed):
    """What is in force in a child, as found out when it started."""

    dies_with_parent: bool
    own_user_namespace: bool
    own_network_namespace: bool
    core_dumps_off: bool
    descriptors_limited: bool
    processes_limited: bool
    no_new_privileges: bool
    no_capabilities: bool
    file_size_limited: bool
    memory_limited: bool
    processor_time_limited: bool
    system_calls_filtered: bool
    sockets_refused_in_python: bool

    @property
    def network_refused(self) -> bool:
        """Whether the kernel keeps the child off the network."""
        return self.own_network_namespace or self.system_calls_filtered


@dataclass(frozen=True, slots=True)
class Reply:
    """A handler's answer. Types and sizes are checked; what the values mean is not."""

    body: dict[str, Any]
    arrays: dict[str, Array]


Part: TypeAlias = Callable[[Reply], None]
"""Takes what a handler says before its answer. The handler waits meanwhile."""


class Caller(Protocol):
    """What users of a sandbox need of it: a `Sandbox` or a `SandboxPool`."""

    def call(
        self,
        request: Mapping[str, Any],
        file: BinaryIO | None = None,
        *,
        seconds: float,
        part: Part | None = None,
    ) -> Reply: ...


class Sandbox:
    """One child for one handler. Calls from several threads wait for one another."""

    def __init__(
        self, *, handler: str, confinement: Confinement | None = None, open_files: bool = False
    ) -> None:
        """`handler` is "module:function". `open_files` lets it open files after its imports."""
        self._handler = handler
        self._confinement = confinement or Confinement()
        self._open_files = open_files
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def call(
        self,
        request: Mapping[str, Any],
        file: BinaryIO | None = None,
        *,
        seconds: float,
        part: Part | None = None,
    ) -> Reply:
        """Have the handler answer `request` about the whole of `file`, whatever its position.

        `part` is given what comes before the answer, piece by piece, and raises no
        `HandlerError`; without it nothing may come. All of it counts towards the limits of one
        reply. Raises `HandlerError` with the handler's own code (or `out_of_memory`),
        `MediaTimeout` past `seconds` or the processor time limit, `DecoderCrashed` when the child
        died or lied.
        """
        with self._lock, read_only(file) as descriptor:
            child = self._ready()
            try:
                return child.call(request, descriptor, seconds, part)
            except HandlerError:
                raise
            except BaseException:  # interrupted midway, its reply would answer the next call
                self._stop()
                raise

    def call_many(
        self, calls: Sequence[tuple[Mapping[str, Any], BinaryIO]], *, seconds: float
    ) -> list[Reply | HandlerError]:
        """As `call` for several small files, sent ahead so that the child waits for none of them.

        A refusal of the handler takes the place of its reply. Any other failure is raised and
        says nothing about the files but one: ask for each by itself then.
        """
        with self._lock, contextlib.ExitStack() as stack:
            messages = [(request, stack.enter_context(read_only(file))) for request, file in calls]
            child = self._ready()
            try:
                return child.call_many(messages, seconds)
            except BaseException:
                self._stop()
                raise

    def hardening(self) -> Hardening:
        """What is in force; starts the child if none runs."""
        with self._lock:
            return self._ready().hardening

    def close(self) -> None:
        with self._lock:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self) -> "_Child":
        if self._child is not None and not self._child.usable():
            self._stop()
        if self._child is None:
            self._child = _Child(self._handler, self._confinement, open_files=self._open_files)
        return self._child

    def _stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None


class SandboxPool:
    """Up to `size` sandboxes for one handler: as many calls run at once, the others wait.

    A child beyond the first starts where all others were busy for a while (`Lender`).
    """

    def __init__(
        self,
        *,
        handler: str,
        size: int,
        confinement: Confinement | None = None,
        open_files: bool = False,
    ) -> None:
        self._sandboxes = tuple(
            Sandbox(handler=handler, confinement=confinement, open_files=open_files)
            for _ in range(size)
        )
        self._lender = Lender(self._sandboxes)

    def call(
        self,
        request: Mapping[str, Any],
        file: BinaryIO | None = None,
        *,
        seconds: float,
        part: Part | None = None,
    ) -> Reply:
        """As `Sandbox.call`. Waiting for a free child counts towards `seconds`.

        With as many children as threads that call, nobody waits longer than `PATIENCE_SECONDS`.
        """
        started = time.monotonic()
        with self._lender.lent(seconds) as sandbox:
            waited = time.monotonic() - started
            return sandbox.call(request, file, seconds=seconds - waited, part=part)

    def call_many(
        self, calls: Sequence[tuple[Mapping[str, Any], BinaryIO]], *, seconds: float
    ) -> list[Reply | HandlerError]:
        """As `Sandbox.call_many`."""
        with self._lender.lent() as sandbox:
            return sandbox.call_many(calls, seconds=seconds)

    def hardening(self) -> Hardening:
        with self._lender.lent() as sandbox:
            return sandbox.hardening()

    def close(self) -> None:
        for sandbox in self._sandboxes:
            sandbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()


class _Child:
    """A running child process and the socket to it."""

    def __init__(self, handler: str, confinement: Confinement, *, open_files: bool) -> None:
        self._confinement = confinement
        self._owner = os.getpid()
        self._calls = 0
        launch = launched(handler, confinement)
        self._link, self._process = launch.link, launch.process
        start = {"open_files": open_files, "memory_bytes": confinement.memory_bytes}
        try:
            untrusted, _ = self._exchange(start, None, confinement.start_seconds)
            self.hardening = Hardening.model_validate(
                {**untrusted["hardening"], "processor_time_limited": self._renew_processor_time()}
            )
        except (MediaTimeout, DecoderCrashed, KeyError, TypeError, ValueError) as error:
            self.stop()
            raise DecoderCrashed(f"the sandbox for {handler} did not start: {error}") from error

    def usable(self) -> bool:
        """Whether one more call may go to this child. Not after a fork of its parent."""
        return (
            self._owner == os.getpid()
            and self._calls < self._confinement.calls
            and self._process.poll() is None
        )

    def call(
        self,
        request: Mapping[str, Any],
        descriptor: int | None,
        seconds: float,
        part: Part | None,
    ) -> Reply:
        self._calls += 1
        self._renew_processor_time()
        message = {"request": dict(request), "seconds": seconds + _GRACE_SECONDS}
        ends = time.monotonic() + seconds
        untrusted, arrays = self._exchange(message, descriptor, seconds)
        left = self._confinement.array_bytes
        for _ in range(self._confinement.parts):
            match untrusted:
                case {"part": dict(body)} if part is not None and len(untrusted) == 1:
                    left -= sum(values.nbytes for values in arrays.values())
                    part(Reply(body, arrays))
                case _:
                    break
            with self._translated(seconds, ends):
                untrusted, arrays = self._receive(left)
        return self._reply(untrusted, arrays)

    def call_many(
        self, messages: Sequence[tuple[Mapping[str, Any], int | None]], seconds: float
    ) -> list[Reply | HandlerError]:
        """All messages must fit the socket's buffer together: the child may answer meanwhile."""
        self._calls += len(messages)
        self._renew_processor_time()
        with self._translated(seconds):
            for request, descriptor in messages:
                message = {"request": dict(request), "seconds": seconds + _GRACE_SECONDS}
                self._link.send(message, None, descriptor)
        replies: list[Reply | HandlerError] = []
        for _ in messages:
            with self._translated(seconds):
                received = self._receive(self._confinement.array_bytes)
            try:
                replies.append(self._reply(*received))
            except HandlerError as error:
                replies.append(error)
        return replies

    def _reply(self, untrusted: dict[str, Any], arrays: dict[str, Array]) -> Reply:
        match untrusted:
            case {"body": dict(body)} if len(untrusted) == 1:
                return Reply(body, arrays)
            case {"error": "handler_failed", "detail": str(detail)}:
                raise DecoderCrashed(f"the decoder failed: {_printable(detail)}")
            case {"error": str(code), "detail": str(detail)}:
                raise HandlerError(code, _printable(detail))
        raise DecoderCrashed("the decoder's reply is neither a body nor an error")

    def stop(self) -> None:
        """Kill and reap; in a fork of the owner only let go of the socket."""
        self._link.close()
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()

    def _exchange(
        self, message: Mapping[str, Any], descriptor: int | None, seconds: float
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        with self._translated(seconds):
            self._link.send(message, None, descriptor)
            return self._receive(self._confinement.array_bytes)

    def _receive(self, array_bytes: int) -> tuple[dict[str, Any], dict[str, Array]]:
        header, arrays, stray = self._link.receive(
            header_bytes=self._confinement.reply_bytes, array_bytes=array_bytes
        )
        if stray is not None:
            os.close(stray)
            raise DecoderCrashed("the decoder sent a descriptor")
        return header, arrays

    @contextlib.contextmanager
    def _translated(self, seconds: float, ends: float | None = None) -> Iterator[None]:
        """Bound what is done on the link to `seconds`, and say what it means that it failed.

        `ends` is when they are over, where they began before.
        """
        self._link.deadline = time.monotonic() + seconds if ends is None else ends
        try:
            yield
        except TimeoutError as error:
            raise MediaTimeout(f"the decoder was stopped after {seconds:.3g} s") from error
        except wire.WireError as error:
            raise DecoderCrashed(f"the decoder sent {error}") from error
        except (wire.HungUp, OSError) as error:
            raise self._obituary() from error

    def _obituary(self) -> MediaTimeout | DecoderCrashed:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_GRACE_SECONDS)
        status = self._process.returncode
        if status in (-signal.SIGXCPU, -signal.SIGALRM):
            limit = self._confinement.cpu_seconds
            return MediaTimeout(f"the decoder was stopped after {limit} s of processor time")
        name = (
            signal.Signals(-status).name if status is not None and status < 0 else f"exit {status}"
        )
        return DecoderCrashed(f"the decoder died ({name})")

    def _renew_processor_time(self) -> bool:
        """Give the call `cpu_seconds` beyond what the child has used; only the parent may."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_bytes()
            user, system = stat.rpartition(b")")[2].split()[11:13]
            soft = (int(user) + int(system)) // _TICKS + 1 + self._confinement.cpu_seconds
            limits = (soft, resource.RLIM_INFINITY)
            resource.prlimit(self._process.pid, resource.RLIMIT_CPU, limits)
        except OSError:  # the child is gone, which the call will find out, or this is not allowed
            return False
        return True


def _printable(untrusted: str) -> str:
    """A child's words, fit for a report: no control characters, no lone surrogates, not long."""
    return "".join(letter if letter.isprintable() else " " for letter in untrusted[:1000])
