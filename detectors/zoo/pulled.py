"""What an operator pulled and measured: weights by name, locks that pin them, calibrations.

Below the weights folder: `NAME/*.safetensors`, `NAME/calibration.json`, `locks/NAME.json`. Names
are those of built-in cards of published detectors and nothing else is looked at, and from a
calibration only numbers are taken, so no file here can pass for a detector that comes with assay.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from detectors.errors import CardInvalid, WeightsMismatch, WeightsMissing
from detectors.result import Closed
from detectors.zoo.card import (
    Calibration,
    Measured,
    ModelCard,
    OperatingPoints,
    Scores,
    WeightFile,
    WeightSource,
)
from detectors.zoo.public.card import FILE, PublicCard

Document = TypeVar("Document", bound=Closed)

MOST_BYTES: Final = 4 * 1024**2
"""A lock or calibration that is larger is not read."""

SHA256: Final = r"^[0-9a-f]{64}$"

HEAD: Final = "head.safetensors"
"""The head that was trained here for a pulled encoder."""


class LockedFile(Closed):
    """One file as it was published and as it is kept."""

    file: str = Field(pattern=FILE)
    url: str
    revision: str  # commit, where the host has any
    published_sha256: str = Field(pattern=SHA256)
    sha256: str = Field(pattern=SHA256)  # of the safetensors kept here
    bytes: int = Field(ge=0)
    pinned: bool  # by the card; otherwise trusted because it was the first that came


class Lock(Closed):
    """What the first pull fixed. Later pulls and every load must find the same bytes."""

    name: str
    files: tuple[LockedFile, ...]
    licence: str  # as accepted
    accepted_at: AwareDatetime


class OperatorCalibration(Closed):
    """What `assay bench --calibrate` measured on the operator's media, bound to the weights."""

    weights: str = Field(pattern=SHA256)  # digest of what was measured, see `binding`
    head: str | None = Field(default=None, pattern=SHA256)  # of the head trained here, if any
    data: str
    measured_at: AwareDatetime
    measured: tuple[Measured, ...] = Field(min_length=1)
    calibration: Calibration
    operating_points: OperatingPoints
    scores: Scores | None = None

    @model_validator(mode="after")
    def _sensible(self) -> "OperatorCalibration":
        slope = self.calibration.pairs[0][0]
        points = self.operating_points
        if slope <= 0 or self.calibration.lowest > self.calibration.highest:
            raise ValueError("the calibration does not rise with the score")
        if points.fpr_1 is not None and points.fpr_1 < points.fpr_5:
            raise ValueError("the 1 % threshold lies below the 5 % one")
        return self


@dataclass(frozen=True, slots=True)
class Shelf:
    """The weights folder."""

    folder: Path

    def has(self, name: str) -> bool:
        """Whether it was pulled to the end and not removed."""
        return (self.folder / name).is_dir() and self._lock_path(name).is_file()

    def lock(self, name: str) -> Lock | None:
        """The lock of a name, which a removal leaves. Raises `CardInvalid` when it is damaged."""
        lock = _read(Lock, self._lock_path(name))
        if lock is not None and lock.name != name:
            raise CardInvalid(f"the lock of {name} is that of {lock.name}")
        return lock

    def write_lock(self, lock: Lock) -> None:
        _write(self._lock_path(lock.name), lock)

    def calibration(self, name: str) -> OperatorCalibration | None:
        """What was measured here of the weights that are here now; otherwise nothing."""
        found = _read(OperatorCalibration, self._calibration_path(name))
        return found if found is not None and found.weights == self.binding(name) else None

    def write_calibration(self, name: str, found: OperatorCalibration) -> Path:
        _write(self._calibration_path(name), found)
        return self._calibration_path(name)

    def binding(self, name: str) -> str:
        """Digest of what a calibration holds for: the weights and how they are used."""
        return hashlib.sha256(
            self._bare(name)
            .model_dump_json(include={"weights", "settings", "architecture"})
            .encode()
        ).hexdigest()

    def card(self, name: str) -> ModelCard:
        """The model card of a pulled detector: the published facts, its weights, our figures."""
        card, found = self._bare(name), self.calibration(name)
        if found is None:
            return card
        weights = card.weights
        if found.head is not None:
            trained = WeightFile(
                file=f"{name}/{HEAD}", sha256=found.head, source=WeightSource.PULLED
            )
            weights = (*weights, trained)
        return card.model_copy(
            update={
                "weights": weights,
                "measured": found.measured,
                "calibration": found.calibration,
                "operating_points": found.operating_points,
                "scores": found.scores,
            }
        )

    def verified(self, name: str) -> tuple[Path, ...]:
        """Its weight files, their digests checked just now, in the order of the card's sources.

        Raises `WeightsMissing` or `WeightsMismatch`.
        """
        return tuple(self._same(name, i.file, i.sha256) for i in self._locked(name).files)

    def verified_head(self, name: str) -> Path:
        """The head that was trained here, its digest checked. Raises as `verified`."""
        found = self.calibration(name)
        if found is None or found.head is None:
            raise WeightsMissing(f"no head was trained: {PublicCard.read(name).measured_by}")
        return self._same(name, HEAD, found.head)

    def _same(self, name: str, file: str, sha256: str) -> Path:
        path = self.folder / name / file
        if not path.is_file():
            raise WeightsMissing(f"{name}: {file} is not on this machine")
        found = digest_of(path)
        if found != sha256:
            raise WeightsMismatch(name, sha256, found)
        return path

    def remove(self, name: str, *, forget: bool) -> bool:
        """Delete weights and calibration, and with `forget` the lock. Whether anything was there."""
        was_there = (self.folder / name).is_dir()
        shutil.rmtree(self.folder / name, ignore_errors=True)
        if forget:
            was_there |= self._lock_path(name).exists()
            self._lock_path(name).unlink(missing_ok=True)
        return was_there

    def _bare(self, name: str) -> ModelCard:
        public, lock = PublicCard.read(name), self._locked(name)
        if tuple(item.file for item in lock.files) != tuple(s.file for s in public.sources):
            raise CardInvalid(f"{name} was pulled by another version of assay: pull it again")
        pulled = (
            WeightFile(file=f"{name}/{item.file}", sha256=item.sha256, source=WeightSource.PULLED)
            for item in lock.files
        )
        return ModelCard(
            name=name,
            summary=public.summary,
            architecture=public.architecture,
            licence=public.licence,
            weights=(*pulled, *public.packaged),
            trained_on=public.trained_on,
            training_command=(
                public.measured_by
                if public.trained_here
                else f"none: published weights, assay models pull {name}"
            ),
            limits=public.limits,
            settings=public.settings,
        )

    def _locked(self, name: str) -> Lock:
        lock = self.lock(name)
        if lock is None or not self.has(name):
            raise WeightsMissing(f"{name} was not pulled: assay models pull {name}")
        return lock

    def _lock_path(self, name: str) -> Path:
        return self.folder / "locks" / f"{name}.json"

    def _calibration_path(self, name: str) -> Path:
        return self.folder / name / "calibration.json"


def digest_of(path: Path) -> str:
    """sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(model: type[Document], path: Path) -> Document | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CardInvalid(f"{path.name} is larger than it can be")
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise CardInvalid(f"{path.parent.name}/{path.name}: {error}") from error


def _write(path: Path, document: Closed) -> None:
    """Write beside and rename, so that nobody reads half a document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(document.model_dump(mode="json"), indent=1) + "\n")
    draft.replace(path)
