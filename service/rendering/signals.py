"""The official rubric's signals in words, as one line about a manifest."""

from typing import Final

from provenance.signals import Inception, Signals, Transformation
from service.language.spoken import Words

INCEPTIONS: Final = Words(
    {
        Inception.BLANK_CANVAS: "begun as a blank canvas",
        Inception.CAPTURED: "captured by a device",
        Inception.CAPTURED_STITCHED: "stitched from several captures",
        Inception.MAY_CONTAIN_AI: "a composition that may contain AI",
        Inception.FULLY_AI: "made by AI",
        Inception.UNKNOWN_PROVENANCE: "made from media of unknown provenance",
        Inception.CREATED_WITHOUT_AI: "created digitally without AI",
        Inception.PARTLY_AI: "partly made by AI",
        Inception.SCREEN_CAPTURE: "a screen capture that may show AI",
    }
)
TRANSFORMATIONS: Final = Words(
    {
        Transformation.AMBIGUOUS: "not all actions are listed or clear",
        Transformation.NON_EDITORIAL: "handled without changing the content",
        Transformation.PERCEPTIBLE_AI: "visibly or audibly changed by AI",
        Transformation.PERCEPTIBLE_WITHOUT_AI: "visibly or audibly changed without AI",
        Transformation.PERCEPTIBLE_POSSIBLY_AI: "visibly or audibly changed, perhaps by AI",
    }
)


def signals_in_words(signals: Signals) -> str:
    """Return the signals of one manifest, parted by semicolons; empty where it raises none."""
    words = [INCEPTIONS[item] for item in signals.inceptions]
    return "; ".join([*words, *(TRANSFORMATIONS[item] for item in signals.transformations)])
