"""The words that somebody who signs may choose from: source types and actions of the standards."""

from enum import StrEnum
from typing import Final

_IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_C2PA: Final = "http://c2pa.org/digitalsourcetype/"


class SourceType(StrEnum):
    """How media came to be: the terms of IPTC's list that are not retired, and C2PA's own two."""

    DIGITAL_CAPTURE = "digitalCapture"
    COMPUTATIONAL_CAPTURE = "computationalCapture"
    NEGATIVE_FILM = "negativeFilm"
    POSITIVE_FILM = "positiveFilm"
    PRINT = "print"
    SCREEN_CAPTURE = "screenCapture"
    VIRTUAL_RECORDING = "virtualRecording"
    HUMAN_EDITS = "humanEdits"
    ALGORITHMICALLY_ENHANCED = "algorithmicallyEnhanced"
    COMPOSITE = "composite"
    COMPOSITE_CAPTURE = "compositeCapture"
    COMPOSITE_SYNTHETIC = "compositeSynthetic"
    COMPOSITE_WITH_TRAINED = "compositeWithTrainedAlgorithmicMedia"
    TRAINED_ALGORITHMIC_MEDIA = "trainedAlgorithmicMedia"
    ALGORITHMIC_MEDIA = "algorithmicMedia"
    DATA_DRIVEN_MEDIA = "dataDrivenMedia"
    DIGITAL_CREATION = "digitalCreation"
    TRAINED_ALGORITHMIC_DATA = "trainedAlgorithmicData"
    EMPTY = "empty"

    @property
    def uri(self) -> str:
        own = self in {SourceType.TRAINED_ALGORITHMIC_DATA, SourceType.EMPTY}
        return (_C2PA if own else _IPTC) + self.value


class SignedAction(StrEnum):
    """What was done to a file: the actions of the C2PA specification that a person may state."""

    CREATED = "c2pa.created"
    EDITED = "c2pa.edited"
    EDITED_METADATA = "c2pa.edited.metadata"
    ADDED_TEXT = "c2pa.addedText"
    ADJUSTED_COLOR = "c2pa.adjustedColor"
    CHANGED_SPEED = "c2pa.changedSpeed"
    COLOR_ADJUSTMENTS = "c2pa.color_adjustments"
    CONVERTED = "c2pa.converted"
    CROPPED = "c2pa.cropped"
    DELETED = "c2pa.deleted"
    DRAWING = "c2pa.drawing"
    DUBBED = "c2pa.dubbed"
    ENHANCED = "c2pa.enhanced"
    FILTERED = "c2pa.filtered"
    ORIENTATION = "c2pa.orientation"
    PUBLISHED = "c2pa.published"
    REPACKAGED = "c2pa.repackaged"
    RESIZED = "c2pa.resized"
    TRANSCODED = "c2pa.transcoded"
    TRANSLATED = "c2pa.translated"
    TRIMMED = "c2pa.trimmed"
    UNKNOWN = "c2pa.unknown"
