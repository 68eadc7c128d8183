import pytest

from detectors.base import Observation, Patch
from detectors.errors import CardInvalid, NotApplicable
from detectors.image.ensemble import CLIP, CNN, ImageEnsemble
from detectors.registry import named
from detectors.zoo.card import ModelCard

FITS = {f"{CLIP}+{CNN}": [0.8, 0.4, -0.1], CLIP: [0.9, -0.2], CNN: [0.5, 0.3]}


def card(settings: dict[str, list[float]]) -> ModelCard:
    return ModelCard(
        name="test",
        summary="",
        architecture="",
        licence="Apache-2.0",
        trained_on="",
        training_command="",
        limits=(),
        settings=dict(settings),
    )


def seen(raw: float, *local: float) -> Observation:
    patches = tuple(
        Patch(left=i / len(local), top=0, right=(i + 1) / len(local), bottom=1, raw=value)
        for i, value in enumerate(local)
    )
    return Observation(raw=raw, patches=patches)


def test_both_experts_are_weighed_by_the_fit_made_with_both() -> None:
    fused = ImageEnsemble.from_card(card(FITS)).combine({CNN: seen(2.0), CLIP: seen(1.0)})
    assert fused.raw == pytest.approx(0.8 * 1.0 + 0.4 * 2.0 - 0.1)


@pytest.mark.parametrize(("expert", "raw"), [(CLIP, 0.9 * 3 - 0.2), (CNN, 0.5 * 3 + 0.3)])
def test_a_missing_expert_is_not_imputed(expert: str, raw: float) -> None:
    fused = ImageEnsemble.from_card(card(FITS)).combine({expert: seen(3.0)})
    assert fused.raw == pytest.approx(raw)


def test_no_expert_means_no_score() -> None:
    with pytest.raises(NotApplicable):
        ImageEnsemble.from_card(card(FITS)).combine({})


def test_each_cell_of_the_map_is_fused_like_the_whole() -> None:
    fused = ImageEnsemble.from_card(card(FITS)).combine(
        {CLIP: seen(1.0, 5.0), CNN: seen(2.0, 1.0, 3.0)}
    )
    assert [patch.raw for patch in fused.patches] == pytest.approx([1.1, 1.9])
    assert sum(p.raw for p in fused.patches) / 2 == pytest.approx(fused.raw)


def test_a_card_without_a_fit_is_refused() -> None:
    with pytest.raises(CardInvalid):
        ImageEnsemble.from_card(card({CLIP: [0.9, -0.2]}))


def test_the_map_is_of_an_expert_that_has_a_weight() -> None:
    fits = {**FITS, f"{CLIP}+{CNN}": [0.8, 0.0, -0.1]}
    fused = ImageEnsemble.from_card(card(fits)).combine(
        {CLIP: seen(1.0, 0.5, 1.5), CNN: seen(2.0, 1.0, 3.0)}
    )
    assert [patch.raw for patch in fused.patches] == pytest.approx([0.3, 1.1])


def test_the_committed_card_counts_no_expert_against_itself() -> None:
    combiner = ImageEnsemble.from_card(ModelCard.read(named("image.ensemble").card))
    for name, other in ((CLIP, CNN), (CNN, CLIP)):
        weak, strong = ({name: seen(raw), other: seen(0.0)} for raw in (-2.0, 2.0))
        assert combiner.combine(weak).raw <= combiner.combine(strong).raw
        assert combiner.combine({name: seen(-2.0)}).raw < combiner.combine({name: seen(2.0)}).raw
