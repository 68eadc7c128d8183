"""Rules every registered detector keeps. Nobody writes these per detector."""

from importlib import import_module

import numpy as np
import pytest

from detectors import registry
from detectors.base import AUDIO_RATE, Audio, Image, Kind, Media, Video
from detectors.registry import SPECS, Spec, card_of
from detectors.result import Outcome
from detectors.runner import Run
from detectors.zoo.card import CARDS
from detectors.zoo.weights import REPOSITORY, verified
from tests import media, sounds


def sample(kind: Kind) -> Media:
    if kind is Kind.IMAGE:
        return Image(pixels=media.photograph(), container="jpeg", jpeg_quality=90)
    if kind is Kind.AUDIO:
        return Audio(
            samples=sounds.speech_like(4.0, rate=AUDIO_RATE),
            source_rate=AUDIO_RATE,
            container="wav",
        )
    frames = np.stack(list(media.moving_frames(320, 240, 8, real=True)))
    return Video(
        frames=frames,
        times=np.arange(8) / 2.0,
        shot=np.zeros(8, np.int32),
        seconds=4.0,
        container="mp4",
    )


def test_names_are_unique_and_start_with_their_kind() -> None:
    names = [spec.name for spec in SPECS]
    assert len(names) == len(set(names))
    assert all(spec.name.startswith(f"{spec.kind}.") for spec in SPECS)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_detector_is_calibrated_and_measured(spec: Spec) -> None:
    card = registry.card_of(spec)
    assert card.calibration is not None
    assert card.measured


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_detector_that_votes(kind: Kind) -> None:
    assert any(registry.votes(spec) for spec in registry.specs_for(kind))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_experts_come_before_the_detector_that_uses_them(spec: Spec) -> None:
    earlier = [other.name for other in SPECS[: SPECS.index(spec)]]
    assert set(spec.needs) | set(spec.fuses) <= set(earlier)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_its_class_exists_and_its_weights_are_the_ones_on_the_card(spec: Spec) -> None:
    module, _, name = spec.target.partition(":")
    assert hasattr(import_module(module), name)
    for index in range(len(card_of(spec).weights)):
        assert verified(card_of(spec), index).is_file()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_its_card_says_what_a_reader_must_know(spec: Spec) -> None:
    card = card_of(spec)
    assert card.limits
    assert card.licence
    assert card.trained_on
    if card.votes:
        assert card.measured[0].items >= 90
        assert card.operating_points is not None
        assert card.operating_points.bona_fide >= 20


@pytest.mark.parametrize("kind", Kind)
def test_the_same_media_gives_the_same_findings(kind: Kind) -> None:
    first, second = (tuple(Run(sample(kind)).findings()) for _ in range(2))
    assert [item.model_copy(update={"seconds": 0.0}) for item in first] == [
        item.model_copy(update={"seconds": 0.0}) for item in second
    ]
    assert all(item.outcome is not Outcome.FAILED for item in first), first
    assert any(item.outcome is Outcome.SCORED for item in first), first


def test_every_card_and_weight_file_belongs_to_a_detector() -> None:
    cards = {path.stem for path in CARDS.glob("*.toml")}
    assert cards == {spec.card for spec in SPECS}
    files = {path.name for path in REPOSITORY.iterdir()} if REPOSITORY.is_dir() else set()
    assert files <= {weights.file for spec in SPECS for weights in card_of(spec).weights}
    assert not [name for name in files if not name.endswith((".safetensors", ".onnx"))]
