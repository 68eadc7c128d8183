"""The detectors of generated pictures, on pictures made in code."""

import itertools
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import load_file

from detectors.base import DrawsMaps, Glances, Image, Kind, Observation
from detectors.calibration import likelihood_ratio
from detectors.errors import NotApplicable, WeightsMismatch
from detectors.image.clip import ClipDetector
from detectors.registry import Effort, Spec, card_of, load, named, specs_for, votes
from detectors.result import LOOKS_DRAWN, TWO_VIEWS, UNSUSPECTED, Claim, Outcome, Reason
from detectors.runner import Run
from detectors.training import domain_making
from detectors.zoo import weights
from detectors.zoo.backbones import ClipEncoder
from tests.media import photograph

SPECS = [spec for spec in specs_for(Kind.IMAGE) if spec.claim is Claim.GENERATED]


def image(width: int = 700, height: int = 500, seed: int = 5) -> Image:
    """A cut from a photograph, another one for each seed."""
    whole = photograph(width + 64, height + 64)
    return Image(pixels=whole[seed : seed + height, seed : seed + width], container="png")


def observed(name: str, media: Image) -> Observation:
    return load(named(name)).observe(media)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_two_runs_agree_to_the_last_bit(spec: Spec) -> None:
    assert observed(spec.name, image()) == observed(spec.name, image())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("size", [(111, 500), (500, 100)])
def test_tiny_pictures_are_not_judged(spec: Spec, size: tuple[int, int]) -> None:
    with pytest.raises(NotApplicable) as refused:
        observed(spec.name, image(*size))
    assert refused.value.reason is Reason.TOO_SMALL


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_an_empty_page_is_out_of_domain(spec: Spec) -> None:
    page = np.full((800, 600, 3), 255, np.uint8)
    cv2.putText(page, "page 1", (260, 400), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0))
    with pytest.raises(NotApplicable) as refused:
        observed(spec.name, Image(pixels=page, container="png"))
    assert refused.value.reason is Reason.OUT_OF_DOMAIN


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("style", ["document", "screen", "chart"])
def test_pages_are_refused(spec: Spec, style: str) -> None:
    rng = np.random.default_rng(11)
    made = domain_making.STYLES[style](photograph(640, 427), rng)
    with pytest.raises(NotApplicable) as refused:
        observed(spec.name, Image(pixels=made, container="png"))
    assert refused.value.reason is Reason.NO_PHOTOGRAPH


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_drawing_is_judged_with_more_doubt(spec: Spec) -> None:
    rng = np.random.default_rng(11)
    drawing = domain_making.pencil(photograph(640, 427), rng)
    seen = observed(spec.name, Image(pixels=drawing, container="png"))
    plain = observed(spec.name, image())
    assert seen.drawn > 0
    assert plain.drawn == 0
    assert seen.allowance > plain.allowance
    assert seen.margin > 2 * plain.margin
    assert LOOKS_DRAWN in seen.facts
    assert LOOKS_DRAWN not in plain.facts


def test_films_are_judged_without_their_drawn_frames() -> None:
    drawing = domain_making.pencil(photograph(640, 427), np.random.default_rng(11))
    judge = load(named("image.clip"))
    assert isinstance(judge, Glances)
    with pytest.raises(NotApplicable) as refused:
        judge.sparing().apart(Image(pixels=drawing, container="png"))
    assert refused.value.reason is Reason.NO_PHOTOGRAPH


def test_edits_are_not_looked_for_in_a_drawing() -> None:
    drawing = domain_making.pencil(photograph(640, 427), np.random.default_rng(11))
    run = Run(Image(pixels=drawing, container="png"), Effort.THOROUGH)
    findings = {finding.detector: finding for finding in run.findings()}
    assert findings["image.clip"].outcome is Outcome.SCORED
    assert findings["image.edits"].reason is Reason.NO_PHOTOGRAPH


def test_edits_are_not_looked_for_in_a_page() -> None:
    page = domain_making.document(photograph(), np.random.default_rng(4))
    run = Run(Image(pixels=page, container="png"), Effort.THOROUGH)
    findings = {finding.detector: finding for finding in run.findings()}
    assert findings["image.edits"].outcome is Outcome.NOT_APPLICABLE
    assert findings["image.edits"].reason is Reason.NO_PHOTOGRAPH
    assert findings["image.edits"].explanation == findings["image.clip"].explanation


def test_the_fast_detector_spends_nothing_on_a_map() -> None:
    assert observed("image.fast", image()).patches == ()


@cache
def doubting() -> ClipDetector:
    """As `image.clip`, but two views settle nothing: it always draws its map."""
    card = card_of(named("image.clip"))
    return ClipDetector(
        ClipEncoder(lambda: weights.verified(card)), load_file(weights.verified(card, 1))
    )


def test_without_its_map_a_picture_has_the_same_score() -> None:
    judge = doubting()
    assert isinstance(judge, DrawsMaps)
    plain = judge.without_maps().observe(image())
    assert plain == replace(judge.observe(image()), patches=())


def test_a_changed_bit_leaves_the_intervals_overlapping() -> None:
    pixels = image(200, 200).pixels
    changed = pixels.copy()
    changed[100, 100, 1] ^= 1
    one, other = (
        next(Run(Image(pixels=each, container="png")).findings()).lr for each in (pixels, changed)
    )
    assert one is not None
    assert other is not None
    assert one.low <= other.high
    assert other.low <= one.high


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_parts_are_told_beside_the_score(spec: Spec) -> None:
    told = observed(spec.name, image()).facts.keys() - {TWO_VIEWS, UNSUSPECTED}
    assert told == {"log_odds_of_whole", "log_odds_of_details"}


@pytest.mark.parametrize("size", [(700, 500), (220, 600), (128, 128)])
def test_the_map_lies_within_the_picture(size: tuple[int, int]) -> None:
    patches = doubting().observe(image(*size)).patches
    assert patches
    for patch in patches:
        assert 0 <= patch.left < patch.right <= 1
        assert 0 <= patch.top < patch.bottom <= 1


def test_the_parts_of_the_map_average_to_the_score() -> None:
    seen = doubting().observe(image())
    assert np.mean([patch.raw for patch in seen.patches]) == pytest.approx(seen.raw, abs=1e-3)


def test_the_map_covers_the_whole_picture() -> None:
    patches = doubting().observe(image()).patches
    assert sum((p.right - p.left) * (p.bottom - p.top) for p in patches) == pytest.approx(1)


def test_they_vote() -> None:
    assert [spec.name for spec in SPECS if votes(spec)] == ["image.clip", "image.fast"]


def test_no_detector_that_comes_with_assay_takes_torch() -> None:
    code = (
        "import sys; from detectors.registry import SPECS, load; loaded = [load(it) for it in SPECS]; "
        "print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_higher_score_never_lowers_the_ratio(spec: Spec) -> None:
    line = card_of(spec).calibration
    assert line is not None
    ratios = [likelihood_ratio(raw, line) for raw in np.linspace(-12, 12, 49)]
    assert all(a.log10 <= b.log10 for a, b in itertools.pairwise(ratios))
    assert all(ratio.low <= ratio.log10 <= ratio.high for ratio in ratios)


def test_a_changed_weight_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = card_of(named("image.clip"))
    data = bytearray((weights.REPOSITORY / card.weights[1].file).read_bytes())
    data[-1] ^= 1
    (tmp_path / card.weights[1].file).write_bytes(data)
    monkeypatch.setattr(weights, "REPOSITORY", tmp_path)
    with pytest.raises(WeightsMismatch):
        ClipDetector.from_card(card, {})


def test_a_picture_of_twelve_megapixels_has_no_more_cells_than_a_small_one() -> None:
    small, large = (doubting().observe(image(*size)) for size in ((520, 390), (4000, 3000)))
    assert len(small.patches) == len(large.patches) == 49
