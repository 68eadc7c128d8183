"""The frames of a film as they come from the decoder, one by one, each checked before it is kept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.base import Sampled
from detectors.errors import DecoderCrashed

Seen = Callable[[Sampled], None]


class Arriving:
    """Lays the frames of one film side by side. The decoder is not trusted: see `add`."""

    def __init__(self, *, most: int, most_bytes: int, seen: Seen | None) -> None:
        """`seen` hears of each frame at once. More than one take no more than `most_bytes`."""
        self._most: Final = most
        self._most_bytes: Final = most_bytes
        self._seen = seen
        self._frames = np.empty((0, 0, 0, 3), np.uint8)
        self._times: list[float] = []
        self._shots: list[int] = []

    def add(self, sampled: Sampled) -> None:
        """Keep a frame. Raises `DecoderCrashed` for one of another size, too many, or out of order."""
        if not self._times:
            self._make_room(sampled)
        number = len(self._times)
        if (
            number >= len(self._frames)
            or sampled.of != len(self._frames)
            or sampled.pixels.shape != self._frames.shape[1:]
            or (number and sampled.seconds < self._times[-1])
            or (number and sampled.shot < self._shots[-1])
        ):
            raise DecoderCrashed("the decoder sent frames that are in no order")
        self._frames[number] = sampled.pixels
        self._times.append(sampled.seconds)
        self._shots.append(sampled.shot)
        if self._seen is not None:
            self._seen(replace(sampled, pixels=self._frames[number]))

    def _make_room(self, first: Sampled) -> None:
        too_large = first.of > 1 and first.of * first.pixels.nbytes > self._most_bytes
        if first.pixels.size == 0 or first.of > self._most or too_large:
            raise DecoderCrashed("the decoder sent frames out of bounds")
        self._frames = np.empty((first.of, *first.pixels.shape), np.uint8)

    @property
    def frames(self) -> npt.NDArray[np.uint8]:
        """Those that came, (n, height, width, 3). Raises `DecoderCrashed` where none did."""
        if not self._times:
            raise DecoderCrashed("the decoder sent no frame")
        return self._frames[: len(self._times)]

    @property
    def times(self) -> npt.NDArray[np.float64]:
        return np.array(self._times, np.float64)

    @property
    def shots(self) -> npt.NDArray[np.int32]:
        return np.array(self._shots, np.int32)
