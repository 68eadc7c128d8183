"""What every audio expert says of every view of every recording, from models that never saw it."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from detectors.audio.condition import LINE
from detectors.training.audio_bank import Recording

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Held-out outputs of every expert; row i of every array is one judged view."""

    recordings: tuple[Recording, ...]
    item: npt.NDArray[np.intp]
    view: npt.NDArray[np.str_]
    fold: npt.NDArray[np.intp]
    scores: dict[str, Floats]
    likeness: Floats  # (views, conditions), by models that never saw the source either

    @property
    def synthetic(self) -> Bools:
        return np.array([recording.synthetic for recording in self.recordings])[self.item]

    @property
    def narrow(self) -> Bools:
        """Rows of the band of a telephone, which has models of its own."""
        return np.asarray(self.view == LINE)

    def where(self, name: str, *, value: object) -> Bools:
        """Rows whose recording has this value in a column of the manifest."""
        return np.array([getattr(r, name) == value for r in self.recordings])[self.item]

    def only(self, rows: Bools) -> Self:
        """Some of the rows, and the recordings that they are of."""
        left, item = np.unique(self.item[rows], return_inverse=True)
        return replace(
            self,
            recordings=tuple(self.recordings[index] for index in left),
            item=item,
            view=self.view[rows],
            fold=self.fold[rows],
            scores={name: found[rows] for name, found in self.scores.items()},
            likeness=self.likeness[rows],
        )
