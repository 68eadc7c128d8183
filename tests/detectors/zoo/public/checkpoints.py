"""Checkpoints with the layout of published ones and random numbers, for tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from detectors.zoo.card import Calibration, Measured, OperatingPoints
from detectors.zoo.public.build import architecture
from detectors.zoo.public.card import Format, PublicCard
from detectors.zoo.pulled import Lock, LockedFile, OperatorCalibration, Shelf, digest_of

State = dict[str, torch.Tensor]


def random_network(card: PublicCard, seed: int = 5) -> nn.Module:
    """The network of a card, every parameter drawn."""
    torch.manual_seed(seed)
    network = architecture(card).make(card)
    for name, parameter in network.named_parameters():
        if parameter.dim() > 1:
            nn.init.xavier_normal_(parameter)
        else:  # scales lie around one, offsets around nothing
            scale = name.endswith(("weight", "gamma"))
            nn.init.normal_(parameter, mean=float(scale), std=0.1)
    return network.eval()


def publish(
    card: PublicCard,
    network: nn.Module,
    folder: Path,
    published_name: Callable[[str], str] = lambda name: name,
) -> tuple[Path, ...]:
    """Write a network as its authors publish theirs: one file a source, in their names."""
    state = network.state_dict()
    files = []
    for source in card.sources:
        own = {name: value for name, value in state.items() if name.startswith(source.prefix)}
        tensors = {
            source.strip + published_name(name.removeprefix(source.prefix)): value.clone()
            for name, value in own.items()
        }
        path = folder / f"{source.file}.published"
        if source.format is Format.SAFETENSORS:
            save_file(tensors, path)
        else:
            saved = {source.inside: tensors, "epoch": 3} if source.inside else tensors
            torch.save(saved, path)
        files.append(path)
    return tuple(files)


def stock(card: PublicCard, network: nn.Module, shelf: Shelf) -> tuple[Path, ...]:
    """Put a network on the shelf as a pull would, without reading it in the sandbox."""
    state = network.state_dict()
    files, locked = [], []
    for source in card.sources:
        path = shelf.folder / card.name / source.file
        path.parent.mkdir(parents=True, exist_ok=True)
        own = {name: value for name, value in state.items() if name.startswith(source.prefix)}
        save_file(
            {name.removeprefix(source.prefix): value.clone() for name, value in own.items()}, path
        )
        digest = digest_of(path)
        files.append(path)
        locked.append(
            LockedFile(
                file=source.file,
                url=source.url,
                revision="",
                published_sha256=digest,
                sha256=digest,
                bytes=path.stat().st_size,
                pinned=False,
            )
        )
    shelf.write_lock(
        Lock(
            name=card.name,
            files=tuple(locked),
            licence=card.licence,
            accepted_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )
    return tuple(files)


def calibration(shelf: Shelf, name: str, *, fpr_1: float = 1.0) -> OperatorCalibration:
    """What a measurement could have come to, bound to the weights on the shelf."""
    line = Measured(
        on="made for a test",
        items=200,
        auc=0.9,
        eer=0.1,
        tpr_at_fpr_1=0.5,
        tpr_at_fpr_5=0.7,
        cllr=0.5,
    )
    return OperatorCalibration(
        weights=shelf.binding(name),
        data="a test",
        measured_at=datetime(2026, 1, 1, tzinfo=UTC),
        measured=(line,),
        calibration=Calibration(pairs=((0.5, 0.0),), lowest=-2.0, highest=2.0),
        operating_points=OperatingPoints(fpr_5=fpr_1 - 1.0, fpr_1=fpr_1, bona_fide=100),
    )


def tiny_encoder(blocks: list[float]) -> PublicCard:
    """DINOv2's card with a transformer of timm that is made for tests."""
    card = PublicCard.read("dinov2-b14")
    return card.model_copy(
        update={"settings": {**card.settings, "timm": "test_vit2", "blocks": blocks}}
    )
