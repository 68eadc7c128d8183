"""A head for a pulled encoder: trained on one's own pictures, calibrated, and then it votes."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from detectors.base import Image
from detectors.errors import ManifestInvalid, WeightsMismatch, WeightsMissing
from detectors.image.backbone import BackboneDetector, PulledEncoder
from detectors.registry import named
from detectors.training.backbone import train
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.tokens import Tokens
from detectors.zoo.pulled import HEAD, Shelf
from tests import media
from tests.detectors.zoo.public.checkpoints import random_network, stock, tiny_encoder

SPEC = named("image.dinov2-b14")
SOURCES = 14
EACH = 4  # pictures of a class in a source
COLUMNS = ("path", "thumb", "label", "generator", "source", "pair", "source_format", "sha256")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, and the same with a grid of upsampling drawn over them."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = []
    for index in range(SOURCES * EACH):
        pixels = media.photo_like(240, 230, seed=index)
        marked = pixels.copy()
        marked[::2, ::2] = np.minimum(marked[::2, ::2].astype(int) + 60, 255)
        for label, picture in (("real", pixels), ("ai_generated", marked)):
            data = media.png(picture)
            (folder / f"{label}{index}.png").write_bytes(data)
            facts = ("", label, "g", f"source {index % SOURCES}", "", "png")
            rows.append((f"{label}{index}.png", *facts, hashlib.sha256(data).hexdigest()))
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return folder / "manifest.csv"


def test_a_trained_head_is_kept_beside_its_encoder_and_votes(
    manifest: Path, tmp_path: Path
) -> None:
    card, shelf = tiny_encoder([2, 4]), Shelf(tmp_path / "weights")
    network = random_network(card)
    assert isinstance(network, Tokens)
    stock(card, network, shelf)
    assert not shelf.card(card.name).votes
    with pytest.raises(WeightsMissing, match=r"training\.backbone --name"):
        shelf.verified_head(card.name)

    encoder = PulledEncoder(network, card)
    found = train(SPEC, encoder, shelf, manifest, tmp_path / "cache")
    assert found.measured[0].items == 2 * SOURCES * EACH
    assert found.measured[0].auc > 0.9
    assert [line.on.partition("laundered: ")[2] for line in found.measured] == [
        "",
        "random chain 1",
        "random chain 2",
    ]
    assert shelf.card(card.name).votes
    assert shelf.card(card.name).weights[-1].file == f"{card.name}/{HEAD}"

    detector = BackboneDetector(encoder, load_file(shelf.verified_head(card.name)))
    pixels = media.photo_like(240, 230, seed=1000)
    marked = pixels.copy()
    marked[::2, ::2] = np.minimum(marked[::2, ::2].astype(int) + 60, 255)
    seen = [detector.observe(Image(pixels=p, container="png")) for p in (pixels, marked)]
    assert seen[0].raw < seen[1].raw
    assert np.mean([patch.raw for patch in seen[1].patches]) == pytest.approx(seen[1].raw)

    head = shelf.folder / card.name / HEAD
    head.write_bytes(head.read_bytes()[:-1] + b"\x07")
    with pytest.raises(WeightsMismatch):
        shelf.verified_head(card.name)


def test_too_few_pictures_train_nothing(manifest: Path, tmp_path: Path) -> None:
    card, shelf = tiny_encoder([2]), Shelf(tmp_path)
    network = random_network(card)
    assert isinstance(network, Tokens)
    stock(card, network, shelf)
    lines = manifest.read_text().splitlines()
    few = manifest.parent / "few.csv"
    few.write_text("\n".join([lines[0], *lines[1:61]]) + "\n")
    with pytest.raises(ManifestInvalid, match="50 of each"):
        train(SPEC, PulledEncoder(network, card), shelf, few, tmp_path / "cache")
    assert not (tmp_path / card.name / HEAD).exists()
    assert not (tmp_path / "cache").exists()


def test_only_encoders_are_encoders(tmp_path: Path) -> None:
    card, shelf = PublicCard.read("ferretnet"), Shelf(tmp_path)
    files = stock(card, random_network(card), shelf)
    with pytest.raises(TypeError):
        PulledEncoder.from_files(card, files)
