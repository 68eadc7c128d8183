"""Workers beside each other: forked from one process, so that what it loaded is in memory once."""

import ctypes
import logging
import os
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
_STOP: Final = frozenset({signal.SIGINT, signal.SIGTERM})
_WATCHED: Final = _STOP | {signal.SIGCHLD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One worker: what it takes and how far it lets others go first."""

    queues: tuple[str, ...]
    nice: int = 0
    port: int = 0  # for Prometheus and health checks; 0: nobody


Work = Callable[[Lane], int]
"""Works until told to stop; returns the exit status."""


def side_by_side(lanes: Sequence[Lane], work: Work) -> int:
    """Fork a process for each, pass on what tells this one to stop, and wait for all of them.

    When one ends, the others are told to stop, so that who started this process starts all anew. Returns
    the first exit status that is not 0. This process may have no other thread: a fork keeps locks that
    such a thread holds.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    parent, running, status = os.getpid(), set[int](), 0
    for lane in lanes:
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _become(lane, work, parent)
        running.add(pid)
    try:
        while running:
            stopping = signal.sigwait(_WATCHED) in _STOP
            for pid, ended in _ended(running):
                running.discard(pid)
                status, stopping = status or ended, True
            if stopping:
                for pid in running:
                    os.kill(pid, signal.SIGTERM)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return status


def _ended(running: Collection[int]) -> list[tuple[int, int]]:
    """Who has ended and how, as a shell says it of those that a signal ended."""
    found = []
    for pid in running:
        ended, raw = os.waitpid(pid, os.WNOHANG)
        if ended:
            status = os.waitstatus_to_exitcode(raw)
            found.append((pid, status if status >= 0 else 128 - status))
    return found


def _become(lane: Lane, work: Work, parent: int) -> NoReturn:
    """Be this worker. What the parent left to do at its end is not done here."""
    status = os.EX_SOFTWARE
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == parent:  # it may have ended before
            os.nice(lane.nice)
            status = work(lane)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else os.EX_SOFTWARE
    except BaseException:
        log.critical("the worker for %s has ended", ",".join(lane.queues), exc_info=True)
    finally:
        logging.shutdown()
        os._exit(status)
