"""`assay models` and `assay bench --calibrate` as programs: from a file to a vote."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from detectors.image.published import normalised
from detectors.registry import PUBLISHED
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import Shelf
from service.cli.exit_codes import ExitCode
from tests import media
from tests.detectors.zoo.public.checkpoints import publish, random_network, stock
from tests.service.command_line import assay

FERRET = PublicCard.read("ferretnet")
SIDE = 256


def picture(label: str, index: int) -> npt.NDArray[np.uint8]:
    """A photograph as it is, or for the bona fide class with an eighth of its contrast."""
    pixels = media.photo_like(SIDE, SIDE, seed=index)
    return pixels // 8 + 100 if label == "real" else pixels


def telling_network() -> torch.nn.Module:
    """A random FerretNet with the sign that ranks the two sorts of pictures rightly."""
    network = random_network(FERRET)
    mean, std = (np.array(FERRET.settings[name], np.float32) for name in ("mean", "std"))
    views = [normalised(picture(label, 0), mean, std) for label in ("real", "ai_generated")]
    with torch.inference_mode():
        real, synthetic = network(torch.from_numpy(np.stack(views)))[:, 0]
        if real > synthetic:
            network.get_parameter("logit.1.weight").neg_()
    return network


def test_a_file_becomes_a_model_that_can_be_checked_and_removed(tmp_path: Path) -> None:
    (given,) = publish(FERRET, random_network(FERRET), tmp_path)
    pull = ("models", "pull", "ferretnet", "--from", given)
    refused = assay(*pull, data=tmp_path)
    assert refused.code == ExitCode.USAGE
    assert "Apache-2.0" in refused.err
    assert "licence_not_accepted" in refused.err
    assert not (tmp_path / "weights").exists()

    done = assay(*pull, "--accept-licence", data=tmp_path)
    assert done.code == 0, done.err
    assert "trusted as the first that came" in done.err
    assert "--calibrate ferretnet" in done.err
    rows = [
        json.loads(x) for x in assay("models", "list", "--json", data=tmp_path).out.splitlines()
    ]
    here = {row["name"]: (row["pulled"], row["votes"]) for row in rows}
    assert here == {spec.card: (spec.card == "ferretnet", False) for spec in PUBLISHED}
    assert "image.ferretnet" in assay("detectors", data=tmp_path).out

    (kept,) = Shelf(tmp_path / "weights").verified("ferretnet")
    kept.write_bytes(kept.read_bytes()[:-1] + b"\x07")
    changed = assay("models", "verify", data=tmp_path)
    assert changed.code == ExitCode.FOUND
    assert "weights_mismatch" in changed.err
    assert assay("models", "remove", "ferretnet", data=tmp_path).code == 0
    assert not kept.exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("models", "pull", "crystal-ball", "--accept-licence"), "there are community-forensics"),
        (("models", "show", "image.clip"), "no published detector is named image.clip"),
        (("models", "verify", "crystal-ball"), "no published detector"),
        (("bench", "MANIFEST", "--calibrate", "ferretnet"), "ferretnet was not pulled"),
        (("bench", "MANIFEST", "--calibrate", "image.clip"), "image.clip was not pulled"),
        (("models", "pull", "universal-fake-detect", "--from", "MANIFEST"), "takes 2 --from files"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("path,label\nm.png,real\n")
    (tmp_path / "m.png").write_bytes(media.png(media.photo_like(64, 64)))
    ran = assay(*(manifest if word == "MANIFEST" else word for word in arguments), data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert complaint in ran.err


def test_a_measured_model_votes(tmp_path: Path) -> None:
    stock(FERRET, telling_network(), Shelf(tmp_path / "weights"))
    lines = ["path,label,source"]
    for index in range(50):
        for label in ("real", "ai_generated"):
            data = media.png(picture(label, index))
            (tmp_path / f"{label}{index}.png").write_bytes(data)
            lines.append(f"{label}{index}.png,{label},source {index % 5}")
    (tmp_path / "m.csv").write_text("\n".join(lines) + "\n")
    ran = assay("bench", tmp_path / "m.csv", "--calibrate", "ferretnet", data=tmp_path)
    assert ran.code == 0, ran.err
    assert "votes from now on" in ran.err
    assert "may raise suspicion only" in ran.err
    cards = [json.loads(x) for x in assay("detectors", "--json", data=tmp_path).out.splitlines()]
    assert cards[-1]["name"] == "ferretnet"
    assert cards[-1]["measured"][0]["items"] == 100
    assert cards[-1]["operating_points"]["bona_fide"] == 50
