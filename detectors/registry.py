"""The list of detectors. To add one: write the class and its card, add a line to SPECS."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final, cast

from detectors.base import Combiner, Detector, Judge, Kind
from detectors.fusion import Ensemble
from detectors.result import Claim
from detectors.zoo.card import ModelCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One detector: what it judges, what a high score claims, and where its class and card are.

    `needs` names detectors handed to `from_card` as `parts`, to be called by the detector itself
    (video judges its frames through an image detector without importing it). `fuses` names
    detectors of the same kind whose observations this one combines: its class is a `Combiner`,
    the experts run once, and they are shown but no longer vote by themselves.
    """

    name: str
    kind: Kind
    claim: Claim
    target: str  # "module:Class", imported on first use so the API never loads torch
    card: str
    needs: tuple[str, ...] = ()
    fuses: tuple[str, ...] = ()


SPECS: Final[tuple[Spec, ...]] = (
    Spec(
        name="image.clip",
        kind=Kind.IMAGE,
        claim=Claim.GENERATED,
        target="detectors.image.clip:ClipDetector",
        card="image-clip",
    ),
    Spec(
        name="image.cnn",
        kind=Kind.IMAGE,
        claim=Claim.GENERATED,
        target="detectors.image.cnn:CropDetector",
        card="image-cnn",
    ),
    Spec(
        name="image.ensemble",
        kind=Kind.IMAGE,
        claim=Claim.GENERATED,
        target="detectors.image.ensemble:ImageEnsemble",
        card="image-ensemble",
        fuses=("image.clip", "image.cnn"),
    ),
    Spec(
        name="audio.statistics",
        kind=Kind.AUDIO,
        claim=Claim.SYNTHETIC_SPEECH,
        target="detectors.audio.experts:StatisticsExpert",
        card="audio-statistics",
    ),
    Spec(
        name="audio.encoder",
        kind=Kind.AUDIO,
        claim=Claim.SYNTHETIC_SPEECH,
        target="detectors.audio.experts:EncoderExpert",
        card="audio-encoder",
    ),
    Spec(
        name="audio.network",
        kind=Kind.AUDIO,
        claim=Claim.SYNTHETIC_SPEECH,
        target="detectors.audio.experts:NetworkExpert",
        card="audio-network",
    ),
    Spec(
        name="audio.ensemble",
        kind=Kind.AUDIO,
        claim=Claim.SYNTHETIC_SPEECH,
        target="detectors.audio.ensemble:AudioEnsemble",
        card="audio-ensemble",
        fuses=("audio.statistics", "audio.encoder", "audio.network"),
    ),
    Spec(
        name="video.frames",
        kind=Kind.VIDEO,
        claim=Claim.GENERATED,
        target="detectors.video.frames:FramesDetector",
        card="video-frames",
        needs=("image.clip",),
    ),
)


def specs_for(kind: Kind) -> tuple[Spec, ...]:
    """The detectors that judge this kind of media, in the order they run: experts first."""
    return tuple(spec for spec in SPECS if spec.kind is kind)


def named(name: str) -> Spec:
    """The spec of that name. Raises `KeyError`."""
    return {spec.name: spec for spec in SPECS}[name]


def votes(spec: Spec) -> bool:
    """Whether its finding may move the verdict: measured, and not an expert inside an ensemble."""
    return card_of(spec).votes and not any(spec.name in other.fuses for other in SPECS)


@cache
def card_of(spec: Spec) -> ModelCard:
    return ModelCard.read(spec.card)


@cache
def load(spec: Spec) -> Judge:
    """Build the detector once per process; its weights are verified against its card."""
    module, _, name = spec.target.partition(":")
    built = getattr(import_module(module), name)
    if spec.fuses:
        combiner = cast(type[Combiner], built).from_card(card_of(spec))
        return Ensemble(combiner, {expert: load(named(expert)) for expert in spec.fuses})
    parts = {need: load(named(need)) for need in spec.needs}
    return cast(type[Detector], built).from_card(card_of(spec), parts)
