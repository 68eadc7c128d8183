"""Thresholds that an organisation fixed on genuine files of its own, used in place of the cards'."""

import hashlib
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError

from detectors.errors import CardInvalid
from detectors.result import Closed
from detectors.zoo.card import ModelCard, OperatingPoints

LEAST: Final = 99
"""Genuine files that a detector has to judge: fewer fix no threshold at 1 %."""

MOST_BYTES: Final = 1024**2


class OwnPoints(Closed):
    """The thresholds of one detector, and of which model they are."""

    model: str = Field(pattern=r"^[0-9a-f]{64}$")  # see `binding`
    points: OperatingPoints


class OwnThresholds(Closed):
    """What `assay calibrate` fixed, by name of the detector."""

    schema_version: Literal["1"] = "1"
    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")
    made_at: AwareDatetime
    detectors: dict[str, OwnPoints]

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read them; None where there are none. Raises `CardInvalid` for a damaged file."""
        try:
            if path.stat().st_size > MOST_BYTES:
                raise CardInvalid(f"{path.name} is larger than thresholds can be")
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise CardInvalid(f"{path.name} holds no thresholds: {error}") from error

    def write(self, path: Path) -> None:
        """Write beside and rename, so that nobody reads half of them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        draft.write_text(self.model_dump_json(indent=1) + "\n")
        draft.replace(path)

    def of(self, detector: str, card: ModelCard) -> OperatingPoints | None:
        """Those of a detector as its card is now; another model's thresholds mean nothing."""
        found = self.detectors.get(detector)
        return found.points if found is not None and found.model == binding(card) else None


def binding(card: ModelCard) -> str:
    """Digest of what raw scores depend on: the weights and how they are used."""
    return hashlib.sha256(
        card.model_dump_json(include={"weights", "settings"}).encode()
    ).hexdigest()
