"""The words that the C2PA programme's signals rubric has for how media came to be and was changed."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Inception(StrEnum):
    """How the media of one manifest began."""

    BLANK_CANVAS = "blankCanvas"
    CAPTURED = "capturedMedia"
    CAPTURED_STITCHED = "capturedMediaStitched"
    MAY_CONTAIN_AI = "compositionMayContainGenAI"
    FULLY_AI = "fullyGenAIMedia"
    UNKNOWN_PROVENANCE = "mediaUnknownProvenance"
    CREATED_WITHOUT_AI = "nonGenAIDigitalCreation"
    PARTLY_AI = "partlyGenAICreation"
    SCREEN_CAPTURE = "screenCaptureMayContainGenAI"


class Transformation(StrEnum):
    """What was done to the media of one manifest after it began."""

    AMBIGUOUS = "ambiguousActions"  # unknown, private or not all of the actions
    NON_EDITORIAL = "nonEditorial"
    PERCEPTIBLE_AI = "perceptibleGenAI"
    PERCEPTIBLE_WITHOUT_AI = "perceptibleNonGenAI"
    PERCEPTIBLE_POSSIBLY_AI = "perceptiblePossiblyGenAI"


class Signals(BaseModel):
    """What the official rubric makes of signed actions, by its own rules and in its own words.

    It takes every signer at his word and looks at `c2pa.actions.v2` alone, so it may say less or
    other than our own origin. In the order of the rubric.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inceptions: tuple[Inception, ...] = ()
    transformations: tuple[Transformation, ...] = ()
