"""The C library's heap: one for all threads, and what nobody uses any more goes back to the system."""

import ctypes
from typing import Final

_LIBRARY: Final = ctypes.CDLL(None)
_TRIM: Final = getattr(_LIBRARY, "malloc_trim", None)  # of glibc alone
_OPTION: Final = getattr(_LIBRARY, "mallopt", None) if _TRIM is not None else None
_M_ARENA_MAX: Final = -8


def use_one() -> None:
    """Have no thread keep a heap of its own, whose end `give_back` does not reach: before any thread."""
    if _OPTION is not None:
        _OPTION(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Takes a few milliseconds; loading models leaves a quarter of what the process then holds."""
    if _TRIM is not None:
        _TRIM(ctypes.c_size_t(0))
