"""Train a head for a pulled encoder on pictures of one's own, calibrate it, and keep both beside it.

    python -m detectors.training.backbone --name dinov2-b14 --manifest MANIFEST --cache FOLDER \\
        --weights WEIGHTS_FOLDER

The manifest, views, folds and head are those of `detectors.training.image`. Features are cached
first, and a run that was stopped goes on.
"""

import argparse
import logging
import sys
from pathlib import Path
from typing import Final

from detectors.bench.calibrate import calibrated_on, require_enough
from detectors.errors import DetectorError
from detectors.image.backbone import PulledEncoder
from detectors.registry import PUBLISHED, Spec
from detectors.training.image import train_expert
from detectors.training.image_data import CROP_VIEWS, WHOLE_VIEWS, pictures
from detectors.training.image_features import cache, cached
from detectors.zoo.backbones import TokenEncoder, summary
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import HEAD, OperatorCalibration, Shelf, digest_of
from detectors.zoo.weights import write_arrays

log = logging.getLogger(__name__)

VIEWS: Final = {"whole": WHOLE_VIEWS, "crop": CROP_VIEWS}


def main() -> None:
    """Check what was asked for, then train."""
    encoders = {spec.card: spec for spec in PUBLISHED if PublicCard.read(spec.card).trained_here}
    parser = argparse.ArgumentParser(prog="python -m detectors.training.backbone")
    parser.add_argument("--name", choices=sorted(encoders), required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="ASSAY_WEIGHTS_DIR")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    shelf = Shelf(given.weights)
    try:
        encoder = PulledEncoder.from_files(PublicCard.read(given.name), shelf.verified(given.name))
        found = train(encoders[given.name], encoder, shelf, given.manifest, given.cache)
    except DetectorError as error:
        sys.exit(f"{error} [{error.code}]")
    log.info("%s: %s", given.name, found.measured[0])


def train(
    spec: Spec, encoder: TokenEncoder, shelf: Shelf, manifest: Path, folder: Path
) -> OperatorCalibration:
    """Write the head and what its held-out scores mean. Raises `ManifestInvalid`, `OSError`."""
    chosen = pictures(manifest)
    synthetic = sum(picture.synthetic for picture in chosen)
    require_enough(len(chosen) - synthetic, synthetic, of=f"{manifest} names")
    for views in VIEWS.values():
        for view in views:
            cache(chosen, view, lambda pixels: summary(encoder.tokens(pixels)), folder / spec.card)
    parts = {
        kind: [cached(chosen, view, folder / spec.card) for view in views]
        for kind, views in VIEWS.items()
    }
    trained = train_expert(parts, chosen)
    scores = list(trained.held.published().rows(manifest.parent))
    binding = shelf.binding(spec.card)
    measured = calibrated_on(scores, spec, manifest.parent.name, binding=binding)
    head = shelf.folder / spec.card / HEAD
    draft = head.with_suffix(".part")
    write_arrays(trained.head, draft)
    draft.replace(head)
    found = measured.model_copy(update={"head": digest_of(head)})
    shelf.write_calibration(spec.card, found)
    return found
