"""Numbers from a card's settings."""

import numpy as np
import numpy.typing as npt

from detectors.errors import CardInvalid
from detectors.zoo.card import ModelCard
from detectors.zoo.public.card import PublicCard


def number(card: ModelCard | PublicCard, name: str) -> float:
    """One number. Raises `CardInvalid` when it is not one."""
    value = card.settings.get(name)
    if not isinstance(value, float | int):
        raise CardInvalid(f"{card.name}: setting {name} is not a number")
    return float(value)


def numbers(card: ModelCard | PublicCard, name: str, count: int) -> npt.NDArray[np.float32]:
    """A list of `count` numbers. Raises `CardInvalid` when it is none."""
    value = card.settings.get(name)
    if not isinstance(value, list) or len(value) != count:
        raise CardInvalid(f"{card.name}: setting {name} is not {count} numbers")
    return np.array(value, np.float32)
