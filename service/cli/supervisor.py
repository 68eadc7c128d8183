"""Run a few child processes until told to stop: restart what dies, leave nothing behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.cli.complain import say
from service.cli.exit_codes import ExitCode
from service.language.spoken import _
from service.startup import MISCONFIGURED

GRACE_SECONDS: Final = 10.0
"""How long a child may take to stop. A scan cut short by the kill is run again later."""

HEALTHY_SECONDS: Final = 10.0
MAX_QUICK_DEATHS: Final = 5
LONGEST_PAUSE: Final = 30.0
MAX_DEATHS: Final = 30
DEATHS_WITHIN_SECONDS: Final = 600.0
"""So often in so short a time only what dies soon after it became healthy: one that dies at its
start, because a database is away, is held back by the pauses and ends up to 27 times."""

_PR_SET_PDEATHSIG: Final = 1
_STOP: Final = frozenset({signal.SIGINT, signal.SIGTERM})
_WATCHED: Final = _STOP | {signal.SIGCHLD}


@dataclass(slots=True)
class Child:
    """One process to keep alive, and what happened to it so far."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    not_before: float = 0.0
    lived: bool = False  # long enough to show that it can
    misconfigured: bool = False
    deaths: list[float] = field(default_factory=list)  # the latest, by the monotonic clock

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 (our own modules, no shell)
            self.command,
            env={**os.environ, **self.environment},
            pass_fds=self.descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in the terminal reaches the supervisor alone
            preexec_fn=_die_with_parent,  # safe: this process has one thread
        )

    def note_death(self) -> None:
        """Restart at once the first time, ever more slowly when it keeps dying early."""
        if self.process is None:
            return
        self.kill()  # what it left in its process group
        now = time.monotonic()
        quick = now - self.started < HEALTHY_SECONDS
        self.lived = self.lived or not quick
        self.deaths = [*self.deaths, now][-MAX_DEATHS:]
        self.misconfigured = self.process.returncode == MISCONFIGURED and not self.lived
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        pause = 2.0 ** min(self.quick_deaths - 1, 8) / 2 if quick else 0.0
        self.not_before = now + min(pause, LONGEST_PAUSE)
        if not self.misconfigured:
            say(
                _(
                    "{name} ended with status {code}; starting it again",
                    name=self.name,
                    code=self.process.returncode,
                )
            )
        self.process = None

    def ask_to_stop(self) -> None:
        """SIGTERM to the child alone: it knows in which order to stop what it started."""
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """SIGKILL to the child and everything it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def hopeless(self) -> bool:
        """Whether starting it again has been tried often enough."""
        if len(self.deaths) < MAX_DEATHS:
            return self.quick_deaths >= MAX_QUICK_DEATHS and not self.lived
        return self.deaths[-1] - self.deaths[0] <= DEATHS_WITHIN_SECONDS

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None


def supervise(children: Sequence[Child]) -> ExitCode:
    """Keep the children alive until SIGINT or SIGTERM; a second one kills what still stops.

    Ends with USAGE when a child says at its first start that its settings make no sense, and with
    INTERNAL when a child that never lived ends `MAX_QUICK_DEATHS` times in a row, or any child
    `MAX_DEATHS` times within `DEATHS_WITHIN_SECONDS`. Otherwise one that did live is started again
    for as long as it takes: a database may be away. Must be called from the main thread.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    try:
        return _keep_alive(children)
    finally:
        _stop(children)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _keep_alive(children: Sequence[Child]) -> ExitCode:
    while True:
        for child in children:
            if child.ended():
                child.note_death()
            if child.misconfigured:
                return ExitCode.USAGE
            if child.hopeless:
                say(
                    _(
                        "{name} does not stay alive, giving up; its messages are above",
                        name=child.name,
                    )
                )
                return ExitCode.INTERNAL
            if child.process is None and time.monotonic() >= child.not_before:
                child.start()
        received = signal.sigtimedwait(_WATCHED, 0.5)
        if received is not None and received.si_signo in _STOP:
            return ExitCode.NOTHING_FOUND


def _stop(children: Sequence[Child]) -> None:
    """Ask every child in turn, the first one first, then insist."""
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.ask_to_stop()
    while any(child.process is not None and not child.ended() for child in children):
        received = signal.sigtimedwait(_WATCHED, 0.2)
        again = received is not None and received.si_signo in _STOP
        if again or time.monotonic() >= deadline:
            break
    for child in children:
        child.kill()
        if child.process is not None:
            child.process.wait()


def _die_with_parent() -> None:
    """In the child, before its program: end when the supervisor does, even by SIGKILL."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
