"""Pulled encoders give the tokens of the blocks that their cards name."""

import pytest
import torch

from detectors.errors import CardInvalid
from detectors.zoo.public.build import architecture
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.tokens import ClipTokens, TimmTokens
from tests.detectors.zoo.public.checkpoints import random_network, tiny_encoder

SMALL_CLIP = {"width": 64, "depth": 3, "heads": 4, "patch": 14, "projection": 8}


def small_clip(blocks: list[float]) -> PublicCard:
    card = PublicCard.read("clip-l14")
    return card.model_copy(update={"settings": {**card.settings, **SMALL_CLIP, "blocks": blocks}})


def test_clips_last_block_leads_to_its_embedding() -> None:
    network = random_network(small_clip([1, 3]))
    assert isinstance(network, ClipTokens)
    views = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        tokens = network(views)
        embedding = network.clip(views)
        last = network.clip.vision_model.post_layernorm(tokens[1][:, 0])
        assert torch.allclose(network.clip.visual_projection(last), embedding, atol=1e-5)
    assert tokens.shape == (2, 2, 1 + 16 * 16, 64)
    assert (network.blocks, network.width, network.grid) == (2, 64, 16)
    assert not torch.allclose(tokens[0], tokens[1], atol=1e-3)


def test_timms_last_block_leads_to_its_features_without_registers() -> None:
    card = tiny_encoder(blocks=[1, 8])
    network = random_network(card)
    assert isinstance(network, TimmTokens)
    views = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        tokens = network(views)
        features = network.vit.forward_features(views)  # type: ignore[operator]
        last = network.vit.norm(tokens[1])  # type: ignore[operator]
    assert tokens.shape == (2, 2, 1 + network.grid**2, network.width)
    assert torch.allclose(last[:, 0], features[:, 0], atol=1e-5)
    assert torch.allclose(last[:, 1:], features[:, -(network.grid**2) :], atol=1e-5)


@pytest.mark.parametrize("blocks", [[0], [4], []])
def test_blocks_that_are_not_there_are_refused(blocks: list[float]) -> None:
    card = small_clip(blocks)
    with pytest.raises(CardInvalid), torch.device("meta"):
        architecture(card).make(card)


def test_dinov2_has_the_size_of_the_published_file() -> None:
    card = PublicCard.read("dinov2-b14")
    with torch.device("meta"):
        state = architecture(card).make(card).state_dict()
    tensors = 4 * sum(value.numel() for value in state.values())
    assert 0 < card.sources[0].bytes_about - tensors < 50_000  # the rest is the header
    assert card.sources[0].renamed("blocks.11.ls2.gamma") in state
