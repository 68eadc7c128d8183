"""What readers see instead of a code: names of classifiers and checks, and whole sentences."""

from collections.abc import Mapping
from typing import Final

from provenance.advice import tells_what_evidence_tells
from provenance.result import Check, Provenance
from provenance.statuses import sentence_of

_DETECTORS: Final[Mapping[str, str]] = {
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
_KINDS: Final[Mapping[str, str]] = {"image": "pictures", "audio": "speech", "video": "videos"}
_PURPOSES: Final[Mapping[str, str]] = {
    "ai_inference": "Use as input to AI",
    "ai_training": "Training of AI",
    "ai_generative_training": "Training of generative AI",
    "data_mining": "Data mining",
}
_USES: Final[Mapping[str, str]] = {
    "allowed": "allowed",
    "notAllowed": "not allowed",
    "constrained": "allowed under conditions",
}


def called(what: str) -> str:
    """The name of a check for readers: a classifier's own, or the words as they are.

    Classifiers that an operator pulled are called by their card and the kind of media they judge.
    """
    if what in _DETECTORS:
        return _DETECTORS[what]
    kind, dot, name = what.partition(".")
    if not dot or kind not in _KINDS:
        return what
    plain = name.replace("-", " ").replace("_", " ")
    return f"Classifier “{plain}” for {_KINDS[kind]}"


def action_called(name: str) -> str:
    """The name of an action for readers: "color adjustments"; one that the C2PA does not know, quoted."""
    own = name.removeprefix("c2pa.")
    return f"“{name}”" if own == name else own.replace("_", " ").replace(".", " ")


def purpose_called(purpose: str) -> str:
    """What a rule on training and mining is about: "Data mining"."""
    plain = purpose.rpartition(".")[2]
    return _PURPOSES.get(plain, plain.replace("_", " "))


def use_called(use: str) -> str:
    """Whether a rule allows that: "not allowed"."""
    return _USES.get(use, use)


def sentences(checks: tuple[Check, ...]) -> tuple[str, ...]:
    """What checks show, each sentence once."""
    return tuple(dict.fromkeys(sentence_of(item.code, item.status) for item in checks))


def remarks(found: Provenance) -> tuple[str, ...]:
    """Warnings about credentials as sentences, without those that the evidence gives anyway."""
    return tuple(
        as_sentence(text) for text in found.warnings if not tells_what_evidence_tells(text)
    )


def as_sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    stop = "" if text.endswith((".", "!", "?")) else "."
    return f"{text[:1].upper()}{text[1:]}{stop}"
