"""What judges the embedding and the statistics of a window: a kernel machine and small networks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors.audio.kernel import KernelMachine
from detectors.audio.network import Networks

Floats = npt.NDArray[np.float32]

NETWORKS_WEIGHT: Final = 0.5
"""Of the networks' log odds beside what the machine puts out; both spread about equally then."""


@dataclass(frozen=True, slots=True)
class Heads:
    """A machine that compares with what it was trained on, and networks; their answers are added."""

    machine: KernelMachine
    networks: Networks

    @classmethod
    def load(cls, machine: Path, networks: Path) -> Self:
        return cls(KernelMachine.load(machine), Networks.load(networks))

    def logits(self, rows: Floats) -> Floats:
        """How synthetic each row looks, shape (rows,)."""
        return self.machine.logits(rows) + NETWORKS_WEIGHT * self.networks.logits(rows)
