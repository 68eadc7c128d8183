"""From pulled files to a network: names matched, layout checked, tensors loaded strictly."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from detectors.errors import CardInvalid, WeightsUnfit
from detectors.zoo.public.aasist import Aasist
from detectors.zoo.public.card import PublicCard, Source
from detectors.zoo.public.ferret import FerretNet
from detectors.zoo.public.picture_networks import (
    ClipLinear,
    CommunityForensics,
    SelfBlended,
    from_efficientnet_pytorch,
)
from detectors.zoo.public.tokens import ClipTokens, TimmTokens
from detectors.zoo.public.wav2vec2 import SpeechClassifier, newer_name

Shapes = Mapping[str, tuple[int, ...]]

NAMED: Final = 3  # tensors named in a complaint


@dataclass(frozen=True, slots=True)
class Architecture:
    """How to make an empty network, and its name for a tensor whose published name differs."""

    make: Callable[[PublicCard], nn.Module]
    own_name: Callable[[str], str] = lambda name: name


ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "community-forensics": Architecture(lambda _card: CommunityForensics()),
    "clip-linear": Architecture(ClipLinear),
    "ferretnet": Architecture(lambda _card: FerretNet()),
    "efficientnet-b4": Architecture(lambda _card: SelfBlended(), from_efficientnet_pytorch),
    "clip-tokens": Architecture(ClipTokens),
    "timm-tokens": Architecture(TimmTokens),
    "aasist": Architecture(lambda _card: Aasist()),
    "wav2vec2": Architecture(SpeechClassifier, newer_name),
}


def architecture(card: PublicCard) -> Architecture:
    """The architecture that a card names. Raises `CardInvalid`."""
    if card.architecture not in ARCHITECTURES:
        raise CardInvalid(f"{card.name}: there is no architecture {card.architecture}")
    return ARCHITECTURES[card.architecture]


def built(card: PublicCard, files: tuple[Path, ...]) -> nn.Module:
    """The network with the tensors of `files` (safetensors, in the order of the card's sources).

    Raises `WeightsUnfit` when they are not exactly the tensors that it has.
    """
    state = {}
    for source, file in zip(card.sources, files, strict=True):
        for name, tensor in _tensors(file, source.wanted):
            state[_own(card, source, name)] = (
                tensor.float() if tensor.is_floating_point() else tensor
            )
    network = architecture(card).make(card)
    require_layout(card, network, {name: tuple(value.shape) for name, value in state.items()})
    network.load_state_dict(state, strict=False)  # only counters may lack, as was just checked
    return network.eval().requires_grad_(requires_grad=False)


def _tensors(file: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, torch.Tensor]]:
    try:
        with safe_open(file, framework="pt") as tensors:
            for name in filter(wanted, tensors.keys()):
                yield name, tensors.get_tensor(name)
    except SafetensorError as error:
        raise WeightsUnfit(f"{file.name} is no safetensors file") from error


def require_fit(card: PublicCard, found: tuple[Shapes, ...]) -> None:
    """Check published names and shapes, one mapping a source, against the network, unloaded.

    Raises `WeightsUnfit` naming what differs.
    """
    with torch.device("meta"):
        network = architecture(card).make(card)
    shapes = {
        _own(card, source, name): shape
        for source, tensors in zip(card.sources, found, strict=True)
        for name, shape in tensors.items()
        if source.wanted(name)
    }
    require_layout(card, network, shapes)


def require_layout(card: PublicCard, network: nn.Module, found: Shapes) -> None:
    """Raise `WeightsUnfit` unless `found` has every tensor of the network and no other."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    needed = {name for name in expected if not name.endswith("num_batches_tracked")}
    problems = [
        ("lacks", needed - set(found)),
        ("has unknown", set(found) - set(expected)),
        ("has other shapes of", {n for n in set(found) & set(expected) if found[n] != expected[n]}),
    ]
    said = [f"{what} {_some(names)}" for what, names in problems if names]
    if said:
        raise WeightsUnfit(f"the checkpoint {' and '.join(said)}")


def _own(card: PublicCard, source: Source, name: str) -> str:
    return architecture(card).own_name(source.renamed(name))


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
