"""Published layouts load into our networks and no others do."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from detectors.errors import WeightsUnfit
from detectors.zoo.public.aasist import WINDOW, Aasist
from detectors.zoo.public.build import architecture, built, require_fit
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.clip_vision import ClipVision
from detectors.zoo.public.ferret import FerretNet, neighbour_median
from detectors.zoo.torchvision_shim import ensure_torchvision
from tests.detectors.zoo.public.checkpoints import random_network

FERRET = PublicCard.read("ferretnet")


def saved(tmp_path: Path, network: torch.nn.Module) -> Path:
    path = tmp_path / "model.safetensors"
    state = network.state_dict()
    save_file({f"module.{name}": value for name, value in state.items()}, path)
    return path


def test_a_checkpoint_of_the_layout_gives_the_same_scores(tmp_path: Path) -> None:
    network = random_network(FERRET)
    pictures = torch.rand(2, 3, 256, 256)
    with torch.inference_mode():
        expected = network(pictures)
        found = built(FERRET, (saved(tmp_path, network),))(pictures)
    assert found.shape == (2, 1)
    assert torch.equal(found, expected)


def test_half_precision_is_widened(tmp_path: Path) -> None:
    network = built(FERRET, (saved(tmp_path, random_network(FERRET).half()),))
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())


def test_another_layout_is_refused_by_name(tmp_path: Path) -> None:
    network = random_network(FERRET)
    network.add_module("extra", torch.nn.Linear(2, 2))
    del network.logit
    with pytest.raises(WeightsUnfit, match=r"lacks logit\.1\.bias, .* has unknown extra\.bias"):
        built(FERRET, (saved(tmp_path, network),))


def test_other_shapes_are_refused() -> None:
    shapes = {f"module.{n}": tuple(v.shape) for n, v in FerretNet().state_dict().items()}
    require_fit(FERRET, (shapes,))
    with pytest.raises(WeightsUnfit, match="other shapes of cbr1"):
        require_fit(FERRET, ({**shapes, "module.cbr1.0.weight": (1, 3, 3, 3)},))


def test_counters_may_be_absent() -> None:
    state = FerretNet().state_dict().items()
    shapes = {n: tuple(v.shape) for n, v in state if not n.endswith("num_batches_tracked")}
    require_fit(FERRET, (shapes,))


def test_the_median_of_neighbours_is_that_of_the_window_with_a_zero_in_its_middle() -> None:
    picture = torch.rand(1, 1, 5, 6) - 0.5
    padded = np.pad(picture[0, 0].numpy(), 1)
    expected = np.empty((5, 6), np.float32)
    for row in range(5):
        for column in range(6):
            window = padded[row : row + 3, column : column + 3].copy()
            window[1, 1] = 0.0
            expected[row, column] = np.median(window)
    assert np.array_equal(neighbour_median(picture)[0, 0].numpy(), expected)


def test_aasist_has_the_published_number_of_parameters_and_judges_each_window_alone() -> None:
    network = random_network(PublicCard.read("aasist"))
    assert isinstance(network, Aasist)
    assert sum(p.numel() for p in network.parameters()) == 297_866
    windows = torch.randn(2, WINDOW) * 0.1
    with torch.inference_mode():
        both, second = network(windows), network(windows[1:])
    assert both.shape == (2, 1)
    assert torch.allclose(both[1:], second, atol=1e-4)
    assert not torch.allclose(both[0], both[1], atol=1e-6)


@pytest.mark.parametrize(
    ("card", "published", "own"),
    [
        ("community-forensics", "vit.blocks.11.attn.qkv.weight", "vit.blocks.11.attn.qkv.weight"),
        ("aasist", "encoder.2.0.conv_downsample.bias", "encoder.2.0.conv_downsample.bias"),
        ("aasist", "HtrgGAT_layer_ST21.att_weightM", "HtrgGAT_layer_ST21.att_weightM"),
    ],
)
def test_names_of_published_checkpoints_are_known(card: str, published: str, own: str) -> None:
    public = PublicCard.read(card)
    with torch.device("meta"):
        state = architecture(public).make(public).state_dict()
    renamed = architecture(public).own_name(public.sources[0].renamed(published))
    assert renamed == own
    assert renamed in state


def test_clip_has_the_layout_of_the_published_file_without_its_text_half() -> None:
    public = PublicCard.read("universal-fake-detect")
    clip, classifier = public.sources
    with torch.device("meta"):
        state = architecture(public).make(public).state_dict()
    assert sum(value.numel() for value in state.values()) == 303_966_208 + 769  # published sizes
    for name in (
        "vision_model.embeddings.class_embedding",
        "vision_model.pre_layrnorm.weight",
        "vision_model.encoder.layers.23.self_attn.q_proj.bias",
        "visual_projection.weight",
    ):
        assert clip.wanted(name)
        assert clip.renamed(name) in state
    assert classifier.renamed("weight") == "fc.weight"
    assert not clip.wanted("text_model.final_layer_norm.weight")
    assert not clip.wanted("logit_scale")


def test_clip_computes_what_the_package_transformers_computes() -> None:
    ensure_torchvision()
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 64, "intermediate_size": 256, "num_attention_heads": 4}
    config = transformers.CLIPVisionConfig(
        **sizes, num_hidden_layers=2, patch_size=14, projection_dim=32
    )
    torch.manual_seed(3)
    theirs = transformers.CLIPVisionModelWithProjection(config).eval()
    ours = ClipVision(width=64, depth=2, heads=4, patch=14, projection=32).eval()
    ours.load_state_dict(theirs.state_dict())
    pictures = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        assert torch.allclose(ours(pictures), theirs(pictures).image_embeds, atol=1e-5)
