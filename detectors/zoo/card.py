"""Model cards: the facts about one set of weights, read from cards/*.toml."""

import hashlib
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from detectors.errors import CardInvalid
from detectors.result import Closed

CARDS = Path(__file__).parent / "cards"


class WeightSource(StrEnum):
    """Where a weight file lives."""

    REPOSITORY = "repository"  # detectors/zoo/weights/FILE
    PACKAGE = "package"  # FILE inside an installed distribution
    PULLED = "pulled"  # fetched by the operator into the weights directory


class WeightFile(Closed):
    """One file of weights and the digest that vouches for it."""

    file: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    source: WeightSource = WeightSource.REPOSITORY
    distribution: str = ""  # for PACKAGE: the installed distribution that carries the file


class Calibration(Closed):
    """raw score -> log10 likelihood ratio, a line clipped to what the data can support.

    Each pair is (slope, intercept) of log10 LR = slope * raw + intercept. `pairs[0]` is the fit,
    the rest are bootstrap refits that give the interval. `lowest` and `highest` bound the ratio:
    beyond them the calibration set has no support (method: Morrison 2013, logistic-regression
    calibration; bounds: Vergeer et al. 2016, empirical lower and upper bounds).
    """

    pairs: tuple[tuple[float, float], ...] = Field(min_length=1)
    lowest: float
    highest: float
    local_slope: float | None = None  # for patches and spans; None: the file's own line
    local_intercept: float | None = None


class OperatingPoints(Closed):
    """Thresholds on the raw score, fixed by the false-positive rate on held-out bona fide media.

    Without the 1 % one, which takes 99 bona fide items, a detector can make suspect, never accuse.
    """

    fpr_5: float
    fpr_1: float | None = None
    bona_fide: int  # how many held-out bona fide items fixed them


class Scores(Closed):
    """How the raw scores of held-out media lie, by class.

    Each tuple holds the quantiles at even steps from the lowest score to the highest.
    """

    bona_fide: tuple[float, ...] = Field(min_length=2)
    synthetic: tuple[float, ...] = Field(min_length=2)
    bona_fide_items: int = Field(gt=0)
    synthetic_items: int = Field(gt=0)


class Measured(Closed):
    """One line of held-out results: what was measured, on what, and the figures."""

    on: str
    items: int
    auc: float
    eer: float
    tpr_at_fpr_1: float
    tpr_at_fpr_5: float
    cllr: float


class ModelCard(Closed):
    """Everything needed to load, trust and judge one model."""

    name: str
    summary: str
    architecture: str
    licence: str
    weights: tuple[WeightFile, ...] = ()
    trained_on: str
    training_command: str
    limits: tuple[str, ...]
    measured: tuple[Measured, ...] = ()
    calibration: Calibration | None = None
    operating_points: OperatingPoints | None = None
    scores: Scores | None = None
    settings: dict[str, float | int | str | list[float]] = Field(default_factory=dict)

    @property
    def votes(self) -> bool:
        """A model moves the verdict only once it is measured, calibrated and has thresholds."""
        return bool(self.measured and self.calibration and self.operating_points)

    @property
    def digest(self) -> str:
        """sha256 over the whole card: weights' digests, calibration and thresholds included."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def number(self, name: str) -> int:
        """A whole number of the settings. Raises `CardInvalid` where it is missing."""
        value = self.settings.get(name)
        if not isinstance(value, int):
            raise CardInvalid(f"model card {self.name}: settings need a number of {name}")
        return value

    def whole_numbers(self, name: str) -> list[int]:
        """A list of whole numbers of the settings. Raises `CardInvalid` where it is missing."""
        value = self.settings.get(name)
        if not isinstance(value, list):
            raise CardInvalid(f"model card {self.name}: settings need a list of {name}")
        return [int(number) for number in value]

    @classmethod
    def read(cls, name: str, folder: Path = CARDS) -> Self:
        """Read `name`.toml. Raises `CardInvalid` when it is absent or not a card."""
        path = folder / f"{name}.toml"
        try:
            return cls.model_validate({"name": name, **tomllib.loads(path.read_text())})
        except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise CardInvalid(f"model card {name}: {error}") from error
