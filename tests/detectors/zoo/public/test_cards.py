"""Cards of published detectors: complete, pinned where they say so, and named like their detectors."""

from pathlib import Path

import pytest

from detectors.errors import CardInvalid
from detectors.registry import PUBLISHED, SPECS, Spec
from detectors.zoo.card import CARDS as BUILT_IN
from detectors.zoo.public.build import ARCHITECTURES
from detectors.zoo.public.card import CARDS, PublicCard, Source

DOCUMENT = (Path(__file__).parents[4] / "docs" / "models.md").read_text()


def test_every_card_belongs_to_a_published_detector() -> None:
    assert {path.stem for path in CARDS.glob("*.toml")} == {spec.card for spec in PUBLISHED}


def test_published_detectors_cannot_be_taken_for_ours() -> None:
    ours = {spec.name for spec in SPECS} | {path.stem for path in BUILT_IN.glob("*.toml")}
    theirs = {spec.name for spec in PUBLISHED} | {spec.card for spec in PUBLISHED}
    assert not ours & theirs
    assert len(theirs) == 2 * len(PUBLISHED)
    assert all(spec.published and not spec.fuses and not spec.needs for spec in PUBLISHED)


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.card)
def test_a_card_says_what_must_be_known_before_a_pull(spec: Spec) -> None:
    card = PublicCard.read(spec.card)
    assert spec.name == f"{spec.kind}.{card.name}"
    assert card.licence
    assert card.licence_url.startswith("https://")
    assert card.architecture in ARCHITECTURES
    assert any("never the published one" in limit for limit in card.limits)
    for source in card.sources:
        assert source.bytes_about <= source.most_bytes
        assert ("{revision}" in source.url) == bool(source.revision or source.commit_url)
        assert not source.revision or len(source.revision) == 40


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.card)
def test_the_documentation_lists_it_with_its_licence(spec: Spec) -> None:
    card = PublicCard.read(spec.card)
    (line,) = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{card.name}` |")]
    cells = [cell.strip() for cell in line.split("|")]
    assert cells[4:6] == [card.licence, "yes" if card.commercial_use else "no"]


def test_addresses_are_encrypted() -> None:
    fields = {"file": "a.safetensors", "format": "torch", "bytes_about": 1, "most_bytes": 1}
    with pytest.raises(ValueError, match="https"):
        Source.model_validate({**fields, "url": "http://example.org/a"})


@pytest.mark.parametrize(
    "name", ["image-clip", "../cards/image-clip", "no-such", "/etc/passwd", ""]
)
def test_only_built_in_cards_of_published_detectors_are_read(name: str) -> None:
    with pytest.raises(CardInvalid):
        PublicCard.read(name)
