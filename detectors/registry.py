"""The list of detectors. To add one: write the class and its card, add a line to SPECS."""

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from detectors.base import Combiner, Detector, Judge, Kind, Published
from detectors.errors import DetectorError, WeightsMissing, WeightsUnfit
from detectors.fusion import Ensemble
from detectors.result import Claim
from detectors.zoo.card import ModelCard
from detectors.zoo.own import OwnThresholds
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import Shelf
from detectors.zoo.sharing import Once
from detectors.zoo.threads import hold_libraries


class Effort(StrEnum):
    """How much is spent on a file."""

    FULL = "full"
    THOROUGH = "thorough"  # asks those as well that were at chance on edits by people
    FAST = "fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One detector: what it judges, what a high score claims, and where its class and card are.

    `needs` names detectors handed to `from_card` as `parts`, to be called by the detector itself
    (video judges its frames through an image detector without importing it). `fuses` names
    detectors of the same kind whose observations this one combines: its class is a `Combiner`,
    the experts run once, and they are shown but no longer vote by themselves. `within` names a
    detector that runs before: what that one takes for no photograph is not judged here either.
    """

    name: str
    kind: Kind
    claim: Claim
    target: str  # "module:Class", imported on first use so the API never loads torch
    card: str
    needs: tuple[str, ...] = ()
    fuses: tuple[str, ...] = ()
    within: str = ""
    published: bool = False  # by others; here once its operator pulled it, see `PUBLISHED`
    efforts: frozenset[Effort] = frozenset(Effort)  # in which it runs

    @property
    def follows(self) -> tuple[str, ...]:
        """Detectors of the same file whose answers it takes: they run before it."""
        return (*self.fuses, self.within) if self.within else self.fuses


_FULL: Final = frozenset({Effort.FULL, Effort.THOROUGH})
_THOROUGH: Final = frozenset({Effort.THOROUGH})
_FAST: Final = frozenset({Effort.FAST})

SPECS: Final[tuple[Spec, ...]] = (
    Spec(
        name="image.clip",
        kind=Kind.IMAGE,
        claim=Claim.GENERATED,
        target="detectors.image.clip:ClipDetector",
        card="image-clip",
        efforts=_FULL,
    ),
    Spec(
        name="image.fast",
        kind=Kind.IMAGE,
        claim=Claim.GENERATED,
        target="detectors.image.clip:ClipDetector",
        card="image-fast",
        efforts=_FAST,
    ),
    Spec(
        name="image.face_swap",
        kind=Kind.IMAGE,
        claim=Claim.FACE_SWAP,
        target="detectors.faces.swap:FaceSwapDetector",
        card="face-swap",
        needs=("image.clip",),
        efforts=_FULL,
    ),
    Spec(
        name="image.edits",
        kind=Kind.IMAGE,
        claim=Claim.LOCAL_EDIT,
        target="detectors.image.edits:EditDetector",
        card="image-edits",
        within="image.clip",
        efforts=_THOROUGH,
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
        name="audio.ensemble",
        kind=Kind.AUDIO,
        claim=Claim.SYNTHETIC_SPEECH,
        target="detectors.audio.ensemble:AudioEnsemble",
        card="audio-ensemble",
        fuses=("audio.statistics", "audio.encoder"),
    ),
    Spec(
        name="video.frames",
        kind=Kind.VIDEO,
        claim=Claim.GENERATED,
        target="detectors.video.frames:FramesDetector",
        card="video-frames",
        needs=("image.clip",),
    ),
    Spec(
        name="video.face_swap",
        kind=Kind.VIDEO,
        claim=Claim.FACE_SWAP,
        target="detectors.video.faces:FaceTracksDetector",
        card="video-face-swap",
        needs=("image.face_swap",),
        efforts=_FULL,
    ),
)


def _published(card: str, kind: Kind, claim: Claim, target: str) -> Spec:
    return Spec(
        name=f"{kind}.{card}",
        kind=kind,
        claim=claim,
        target=target,
        card=card,
        published=True,
        efforts=_FULL,
    )


_PICTURE: Final = (Kind.IMAGE, Claim.GENERATED, "detectors.image.published:PublishedDetector")
_ENCODER: Final = (Kind.IMAGE, Claim.GENERATED, "detectors.image.backbone:BackboneDetector")
_SPEECH: Final = (
    Kind.AUDIO,
    Claim.SYNTHETIC_SPEECH,
    "detectors.audio.published:PublishedSpeechDetector",
)

PUBLISHED: Final[tuple[Spec, ...]] = (
    _published("community-forensics", *_PICTURE),
    _published("universal-fake-detect", *_PICTURE),
    _published("ferretnet", *_PICTURE),
    _published(
        "sbi",
        Kind.IMAGE,
        Claim.FACE_SWAP,
        "detectors.image.published_faces:PublishedFaceDetector",
    ),
    _published("clip-l14", *_ENCODER),
    _published("dinov2-b14", *_ENCODER),
    _published("aasist", *_SPEECH),
    _published("wav2vec2", *_SPEECH),
)
"""Detectors of others that `assay models pull` can fetch. None is part of an ensemble."""


@dataclass(frozen=True, slots=True)
class _Here:
    """What this process found in its weights folder when it looked."""

    shelf: Shelf | None = None
    specs: tuple[Spec, ...] = ()


_here = [_Here()]


def use_shelf(folder: Path | None) -> None:
    """Look once for pulled detectors in this weights folder; None: there are none.

    A process calls it before its first analysis; what was loaded of pulled ones is forgotten, and what
    is pulled or measured later counts for processes that start later.
    """
    shelf = None if folder is None else Shelf(folder)
    pulled = tuple(spec for spec in PUBLISHED if shelf is not None and shelf.has(spec.card))
    _here[0] = _Here(shelf, pulled)
    card_of.forget(_is_published)
    load.forget(_is_published)


def _is_published(spec: Spec) -> bool:
    return spec.published


_own: Final[list[OwnThresholds | None]] = [None]


def use_thresholds(own: OwnThresholds | None) -> None:
    """Compare scores with an organisation's own thresholds where it has some; None: with the cards'."""
    if own != _own[0]:
        _own[0] = own
        load.forget()  # what is looked at closely depends on them


def own_thresholds() -> OwnThresholds | None:
    return _own[0]


def specs() -> tuple[Spec, ...]:
    """The detectors of this machine: those that come with assay, then those that were pulled."""
    return SPECS + _here[0].specs


def specs_for(kind: Kind, effort: Effort | None = None) -> tuple[Spec, ...]:
    """The detectors that judge this kind of media, in the order they run: experts first.

    With `effort` only those that run in it.
    """
    return tuple(
        spec for spec in specs() if spec.kind is kind and (effort is None or effort in spec.efforts)
    )


def left_out(kind: Kind, effort: Effort) -> tuple[Spec, ...]:
    """What the full effort asks of this kind of media and the fast one does not, and nothing like it."""
    if effort is not Effort.FAST:
        return ()
    asked = {spec.claim for spec in specs_for(kind, effort)}
    return tuple(
        spec
        for spec in specs_for(kind, Effort.FULL)
        if effort not in spec.efforts and (spec.published or spec.claim not in asked)
    )


def named(name: str) -> Spec:
    """The spec of that name. Raises `KeyError`."""
    return {spec.name: spec for spec in (*SPECS, *PUBLISHED)}[name]


def votes(spec: Spec) -> bool:
    """Whether its finding may move the verdict: measured, and not an expert inside an ensemble."""
    try:
        card = card_of(spec)
    except DetectorError:
        if spec.published:  # something in the weights folder is damaged; running it says what
            return False
        raise
    return card.votes and not any(spec.name in other.fuses for other in SPECS)


def feeds_vote(name: str) -> bool:
    """Whether a detector that votes combines what this one observes."""
    return any(name in spec.fuses and votes(spec) for spec in SPECS)


@Once
def card_of(spec: Spec) -> ModelCard:
    """Its model card. Raises `CardInvalid`, and `WeightsMissing` for one that was not pulled."""
    return shelf().card(spec.card) if spec.published else ModelCard.read(spec.card)


@Once
def load(spec: Spec) -> Judge:
    """Build the detector once per process; its weights are verified against its card.

    Threads share it, so what it observes may not depend on what others observe meanwhile. Raises
    what `built` does.
    """
    return built(spec)


def built(spec: Spec) -> Judge:
    """A detector of its own, which nobody keeps.

    Raises `WeightsUnfit` for files whose digests are right and that no network of this version fits.
    """
    try:
        return _made(spec)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsUnfit(
            f"this version makes no {spec.name} from the weights of {spec.card}"
        ) from error


def _made(spec: Spec) -> Judge:
    module, _, name = spec.target.partition(":")
    kind = getattr(import_module(module), name)
    hold_libraries()
    if spec.published:
        files = shelf().verified(spec.card)
        if PublicCard.read(spec.card).trained_here:
            files = (*files, shelf().verified_head(spec.card))
        return cast(type[Published], kind).from_files(card_of(spec), files)
    if spec.fuses:
        combiner = cast(type[Combiner], kind).from_card(card_of(spec))
        return Ensemble(combiner, {expert: load(named(expert)) for expert in spec.fuses})
    parts = {need: load(named(need)) for need in spec.needs}
    return cast(type[Detector], kind).from_card(_watchful(spec), parts)


def _watchful(spec: Spec) -> ModelCard:
    """Its card, with the lower of its thresholds and an organisation's own: what either of them calls
    suspect is looked at more closely.
    """
    card, own = card_of(spec), own_thresholds()
    points, others = card.operating_points, None if own is None else own.of(spec.name, card)
    if points is None or others is None:
        return card
    strictest = [point for point in (points.fpr_1, others.fpr_1) if point is not None]
    lowest = points.model_copy(
        update={
            "fpr_5": min(points.fpr_5, others.fpr_5),
            "fpr_1": min(strictest, default=None),
        }
    )
    return card.model_copy(update={"operating_points": lowest})


def shelf() -> Shelf:
    """Where pulled detectors are. Raises `WeightsMissing` when no folder is configured."""
    found = _here[0].shelf
    if found is None:
        raise WeightsMissing("no folder of pulled weights is configured")
    return found
