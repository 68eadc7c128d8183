"""Give memory that nobody uses any more back to the system, which the C library else keeps for later."""

import ctypes
from typing import Final

_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone


def give_back() -> None:
    """Takes a few milliseconds; loading models leaves a quarter of what the process then holds."""
    if _TRIM is not None:
        _TRIM(ctypes.c_size_t(0))
