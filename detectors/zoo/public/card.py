"""Cards of published detectors: what they are, whose, where their weights come from, how to feed them."""

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, field_validator

from detectors.errors import CardInvalid
from detectors.result import Closed
from detectors.zoo.card import WeightFile, WeightSource

CARDS: Final = Path(__file__).parent / "cards"


FILE: Final = r"^[a-z0-9][a-z0-9.-]*\.safetensors$"
"""What a file of weights may be called where it is kept."""


class Format(StrEnum):
    """How a file of published weights is written."""

    SAFETENSORS = "safetensors"
    TORCH = "torch"  # a pickle, read in the sandbox by torch's weights-only loader alone


class Source(Closed):
    """One published file: its address at a pinned revision, and how its tensors are named.

    A name in the file, without `strip` in front and with `prefix` instead, is the name that the
    architecture knows. `sha256` is that of the file as published; without it the first pull locks
    what arrived.
    """

    file: str = Field(pattern=FILE)  # as kept here
    url: str = Field(min_length=1)  # with {revision} where the commit goes
    revision: str = ""  # pinned commit; without it and with `commit_url` the newest is asked for
    commit_url: str = ""  # answers with JSON whose `sha` is the newest commit
    format: Format
    bytes_about: int = Field(gt=0)
    most_bytes: int = Field(gt=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    inside: str = ""  # key of the tensors in a checkpoint that holds more
    strip: str = ""
    prefix: str = ""
    drop: tuple[str, ...] = ()  # beginnings of the names that are not needed

    @field_validator("url", "commit_url")
    @classmethod
    def _encrypted(cls, url: str) -> str:
        if url and not url.startswith("https://"):
            raise ValueError("weights come by https alone")
        return url

    def wanted(self, name: str) -> bool:
        """Whether the architecture has a place for this tensor of the file."""
        return not name.startswith(self.drop)

    def at(self, revision: str) -> str:
        """The address of one revision."""
        return self.url.replace("{revision}", revision)

    def renamed(self, name: str) -> str:
        """The architecture's name of a tensor of this file."""
        return self.prefix + name.removeprefix(self.strip)


class PublicCard(Closed):
    """A published detector, as its authors describe it. None of its figures are ours."""

    name: str
    summary: str
    architecture: str  # a key of `detectors.zoo.public.build.ARCHITECTURES`
    paper: str
    homepage: str
    licence: str
    licence_url: str
    commercial_use: bool
    trained_on: str
    limits: tuple[str, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    packaged: tuple[WeightFile, ...] = ()  # further files it needs, from installed packages
    trained_here: bool = False  # an encoder: its head is trained on media of the operator's
    settings: dict[str, float | int | str | list[float]] = Field(default_factory=dict)

    @field_validator("packaged")
    @classmethod
    def _installed(cls, files: tuple[WeightFile, ...]) -> tuple[WeightFile, ...]:
        if any(file.source is not WeightSource.PACKAGE for file in files):
            raise ValueError("only files of installed packages are named here")
        return files

    @property
    def bytes_about(self) -> int:
        return sum(source.bytes_about for source in self.sources)

    @property
    def measured_by(self) -> str:
        """The command after which it votes."""
        if self.trained_here:
            return (
                f"python -m detectors.training.backbone --name {self.name} --manifest MANIFEST"
                " --cache FOLDER --weights WEIGHTS_FOLDER"
            )
        return f"assay bench MANIFEST --calibrate {self.name}"

    @classmethod
    def read(cls, name: str) -> Self:
        """Read the built-in card of that name. Raises `CardInvalid`."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise CardInvalid(f"there is no published detector {name!r}")
        try:
            text = (CARDS / f"{name}.toml").read_text()
            return cls.model_validate({"name": name, **tomllib.loads(text)})
        except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise CardInvalid(f"card of the published detector {name}: {error}") from error
