"""What readers see instead of a code: names of classifiers and checks, and whole sentences."""

from typing import Final

from provenance.advice import tells_what_evidence_tells
from provenance.result import Check, Provenance
from provenance.statuses import sentence_of
from service.language.reading import told
from service.language.spoken import Words, _, capital

_DETECTORS: Final = Words(
    {
        "image.clip": "Picture classifier",
        "image.fast": "Fast picture classifier",
        "image.face_swap": "Face-swap classifier for pictures",
        "image.edits": "Local-edit classifier",
        "audio.statistics": "Speech classifier by statistics",
        "audio.encoder": "Speech classifier by a neural encoder",
        "audio.ensemble": "Speech classifier",
        "video.frames": "Video classifier, frame by frame",
        "video.face_swap": "Face-swap classifier for videos",
    }
)
_ACTIONS: Final = Words(
    {
        "addedText": "addedText",
        "adjustedColor": "adjustedColor",
        "changedSpeed": "changedSpeed",
        "color_adjustments": "color adjustments",
        "converted": "converted",
        "created": "created",
        "cropped": "cropped",
        "deleted": "deleted",
        "drawing": "drawing",
        "dubbed": "dubbed",
        "edited": "edited",
        "edited.metadata": "edited metadata",
        "enhanced": "enhanced",
        "filtered": "filtered",
        "opened": "opened",
        "orientation": "orientation",
        "placed": "placed",
        "published": "published",
        "redacted": "redacted",
        "removed": "removed",
        "repackaged": "repackaged",
        "resized": "resized",
        "resized.proportional": "resized proportional",
        "transcoded": "transcoded",
        "translated": "translated",
        "trimmed": "trimmed",
        "unknown": "unknown",
        "watermarked": "watermarked",
        "watermarked.bound": "watermarked bound",
        "watermarked.unbound": "watermarked unbound",
    }
)
_CHECKS: Final = Words(
    {
        "classifiers": "classifiers",
        "declared markers": "declared markers",
        "fast profile": "fast profile",
        "other questions": "other questions",
        "provenance": "provenance",
        "revocation": "revocation",
        "signer trust": "signer trust",
        "sound": "sound",
    }
)
"""What is not checked, where it is no sentence's part and no classifier."""

FACTS: Final = Words(
    {
        "and": "and",
        "or": "or",
        "created": "created",
        "digitised": "digitised",
        "last saved": "last saved",
        "latitude": "latitude",
        "longitude": "longitude",
        "taken": "taken",
    }
)
"""Single words that engines put into their sentences: what metadata states, and what joins a list."""

_KINDS: Final = Words({"image": "pictures", "audio": "speech", "video": "videos"})
_PURPOSES: Final = Words(
    {
        "ai_inference": "Use as input to AI",
        "ai_training": "Training of AI",
        "ai_generative_training": "Training of generative AI",
        "data_mining": "Data mining",
    }
)
_USES: Final = Words(
    {
        "allowed": "allowed",
        "notAllowed": "not allowed",
        "constrained": "allowed under conditions",
    }
)


def called(what: str) -> str:
    """The name of a check for readers: a classifier's own, or the words as they are.

    Classifiers that an operator pulled are called by their card and the kind of media they judge.
    """
    if what in _DETECTORS:
        return _DETECTORS[what]
    kind, dot, name = what.partition(".")
    if not dot or kind not in _KINDS:
        head, comma, rest = what.partition(",")
        known = _CHECKS.get(head)
        return told(what) if known is None else f"{known}{comma}{rest}"
    plain = name.replace("-", " ").replace("_", " ")
    return _("Classifier “{name}” for {media}", name=plain, media=_KINDS[kind])


def action_called(name: str) -> str:
    """The name of an action for readers: "color adjustments"; one that the C2PA does not know, quoted."""
    own = name.removeprefix("c2pa.")
    if own == name:
        return _("“{name}”", name=name)
    plain = own.replace("_", " ").replace(".", " ")
    return _ACTIONS.get(own, plain)


def purpose_called(purpose: str) -> str:
    """What a rule on training and mining is about: "Data mining"."""
    plain = purpose.rpartition(".")[2]
    return _PURPOSES.get(plain, plain.replace("_", " "))


def use_called(use: str) -> str:
    """Whether a rule allows that: "not allowed"."""
    return _USES.get(use, use)


def sentences(checks: tuple[Check, ...]) -> tuple[str, ...]:
    """What checks show, each sentence once."""
    return tuple(dict.fromkeys(told(sentence_of(item.code, item.status)) for item in checks))


def remarks(found: Provenance) -> tuple[str, ...]:
    """Warnings about credentials as sentences, without those that the evidence gives anyway."""
    return tuple(
        as_sentence(told(text)) for text in found.warnings if not tells_what_evidence_tells(text)
    )


def as_sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    stop = "" if text.endswith((".", "!", "?")) else "."
    return f"{capital(text)}{stop}"
