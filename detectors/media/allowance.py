"""One clock for one file: the seconds that sandboxed children may spend on it, all together."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from detectors.errors import MediaTimeout
from detectors.media.sandbox import Caller, Part, Reply


@dataclass(slots=True)
class Allowance:
    """Wall-clock seconds for one file. Loading models is not the file's doing and costs nothing."""

    seconds: float
    used: float = 0.0

    def left(self) -> float:
        """What may still be spent. Raises `MediaTimeout` when that is nothing."""
        left = self.seconds - self.used
        if left <= 0:
            raise MediaTimeout(f"the {self.seconds:g} s that one file may take are used up")
        return left


@dataclass(frozen=True, slots=True)
class Allowed:
    """Calls to sandboxed children about one file; each has its own limit besides."""

    caller: Caller
    allowance: Allowance

    def call(
        self,
        request: Mapping[str, Any],
        file: BinaryIO | None = None,
        *,
        seconds: float,
        part: Part | None = None,
    ) -> Reply:
        """As `Sandbox.call`. Raises `MediaTimeout` at once when nothing may be spent any more."""
        seconds = min(seconds, self.allowance.left())
        started = time.monotonic()
        try:
            return self.caller.call(request, file, seconds=seconds, part=part)
        finally:
            self.allowance.used += time.monotonic() - started
