"""Train the head for frames of films: what pictures taught is kept, films add what compression does.

    python -m detectors.training.video_head --manifest MANIFEST --cache FOLDER --out detectors/zoo

What the encoder of `image.clip` sees in three frames of every film is cached first (a second of one
core a film; a run that was stopped goes on), the rest takes minutes. The cache then holds what heads
that saw nothing of its source say of each film, for `detectors.training.video` to measure and to
calibrate. The same manifest, seed and cache give the same weights.
"""

import argparse
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from detectors.base import Kind
from detectors.bench.cache import Answer
from detectors.bench.manifest import Item, read_manifest
from detectors.bench.scores import claims
from detectors.errors import NotApplicable
from detectors.image.clip import SMALL_ALLOWANCE
from detectors.image.domain import Domain, require_photograph
from detectors.image.views import smallness
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.registry import card_of, named
from detectors.training import video_bank
from detectors.training.image_data import SEED
from detectors.training.image_heads import Basis, GoingOn, even, shares
from detectors.training.video_bank import Seen
from detectors.video.frames import interquartile_mean
from detectors.zoo.encoders import clip_encoder
from detectors.zoo.weights import verified, write_arrays

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Head = Mapping[str, Floats]
"""Weights of whole views and of crops, (blocks * 3 * width,), and a bias, as `image.clip` has them."""

SPEC: Final = named("video.frames")
FILE: Final = "video-frames-head.safetensors"
HELD_OUT: Final = "held.json"
"""In the cache: by the path in the manifest, what is said of a film by a head that saw no film like it."""

MOST: Final = {False: 6, True: 8}
"""Films of one class that one source gives, those with the smallest digests; pages that show what was
made hold several systems, real films of one page look alike."""

FOLDS: Final = 8
COMPONENTS: Final = 192  # of each view
STRENGTH: Final = 4.0  # inverse regularisation
BEFORE: Final = 0.5  # standard deviation that the parts of the head before get as features
VIEWS: Final = ("whole", "crop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One film of the training."""

    name: str
    synthetic: bool
    source: str
    seen: Seen


def main() -> None:
    """Cache, hold out, train on everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="kept between runs")
    parser.add_argument("--out", type=Path, required=True, help="the zoo's folder")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    pictures = card_of(named(SPEC.needs[0]))
    before, domain = (load_file(verified(pictures, number)) for number in (1, 2))
    items = chosen(read_manifest(given.manifest))
    encoder = clip_encoder(lambda: verified(pictures, 0), pictures.whole_numbers("blocks"))
    with Sandbox(handler=HANDLER) as sandbox:
        video_bank.cache(items, encoder, MediaReader(sandbox), given.cache)
    with threadpool_limits(1):
        clips = clips_of(items, given.cache)
        held = held_out(clips, before)
        write_arrays(trained(clips, before), given.out / "weights" / FILE)
    answers = {
        clip.name: answer(clip.seen, found, Domain(domain)).model_dump()
        for clip, found in zip(clips, held, strict=True)
    }
    (given.cache / HELD_OUT).write_text(json.dumps(answers))
    log.info("%d films of %d sources", len(clips), len({clip.source for clip in clips}))


def chosen(items: Sequence[Item]) -> list[Item]:
    """Real and generated films, at most `MOST` of a source, in the order of the manifest."""
    counts: Counter[tuple[str, bool]] = Counter()
    names = set()
    for item in sorted(items, key=lambda item: item.sha256):
        synthetic = claims(SPEC.claim, item.label)
        if item.kind is not Kind.VIDEO or synthetic is None:
            continue
        if counts[item.source, synthetic] < MOST[synthetic]:
            counts[item.source, synthetic] += 1
            names.add(item.name)
    return [item for item in items if item.name in names]


def answer(seen: Seen, found: Scores, domain: Domain) -> Answer:
    """What is made of the scores of a film's frames, without those that are no photographs."""
    kept = []
    reason = ""
    for statistics, score in zip(seen.whole, found, strict=True):
        try:
            require_photograph(domain.drawn(statistics))
        except NotApplicable as error:
            reason = error.reason
        else:
            kept.append(float(score))
    if not kept:
        return Answer(raw=None, seconds=0.0, reason=reason)
    return Answer(
        raw=interquartile_mean(np.array(kept)),
        allowance=SMALL_ALLOWANCE * smallness(np.empty((seen.side, seen.side, 3), np.uint8)),
        seconds=0.0,
        spans=tuple(kept),
    )


def answers_of(cache: Path) -> dict[str, Answer]:
    """What `main` left for each film. Raises `OSError` where it has not run."""
    kept = json.loads((cache / HELD_OUT).read_text())
    return {name: Answer.model_validate(found) for name, found in kept.items()}


def trained(clips: Sequence[Clip], before: Head) -> dict[str, Floats]:
    """A head fitted on all frames of these films, to go on from the head of pictures."""
    rows = {view: _rows(clips, view) for view in VIEWS}
    views = {name: _view(rows[name], before[name].reshape(-1)) for name in VIEWS}
    features = np.hstack([views[name].rows(rows[name]) for name in VIEWS])
    frames = np.array([len(clip.seen.whole) for clip in clips])
    model = LogisticRegression(C=STRENGTH, max_iter=1000)
    truth = np.array([clip.synthetic for clip in clips])
    model.fit(
        features, np.repeat(truth, frames), np.repeat(even(shares(clips), truth) / frames, frames)
    )
    head: dict[str, Floats] = {}
    bias = float(model.intercept_[0])
    coefficients = np.split(model.coef_[0].astype(np.float32), len(VIEWS))
    for name, own in zip(VIEWS, coefficients, strict=True):
        head[name], part = views[name].weights(own)
        bias += part
    return {**head, "bias": np.array(bias, np.float32)}


def scores(seen: Seen, head: Head) -> Scores:
    """The score of each frame of a film."""
    parts = (getattr(seen, name).reshape(len(seen.whole), -1) @ head[name] for name in VIEWS)
    return np.asarray(sum(parts) + float(head["bias"]), np.float64)


def held_out(clips: Sequence[Clip], before: Head) -> list[Scores]:
    """Scores of each film's frames by a head that saw no film of its source."""
    heads = of_folds(clips, before)
    return [scores(clip.seen, heads[clip.source]) for clip in clips]


def of_folds(clips: Sequence[Clip], before: Head) -> dict[str, Head]:
    """By source, a head that saw none of its films."""
    truth = np.array([clip.synthetic for clip in clips])
    sources = np.array([clip.source for clip in clips])
    heads: dict[str, Head] = {}
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in split.split(sources, truth, sources):
        head = trained([clips[index] for index in train], before)
        heads |= dict.fromkeys(sources[test].tolist(), head)
    return heads


def clips_of(items: Sequence[Item], folder: Path) -> list[Clip]:
    """Those that could be decoded, from the cache."""
    return [
        Clip(
            name=item.name,
            synthetic=claims(SPEC.claim, item.label) is True,
            source=item.source,
            seen=Seen.read(video_bank.place(item, folder)),
        )
        for item in items
        if video_bank.place(item, folder).exists()
    ]


def _rows(clips: Sequence[Clip], view: str) -> Floats:
    """Statistics of one view of all frames, (frames, features)."""
    return np.concatenate(
        [getattr(clip.seen, view).reshape(len(clip.seen.whole), -1) for clip in clips]
    )


def _view(rows: Floats, before: Floats) -> GoingOn:
    parts = rows @ before
    return GoingOn(
        basis=Basis.of(rows, COMPONENTS),
        before=before,
        centre=float(parts.mean()),
        scale=BEFORE / max(float(parts.std()), 1e-6),
    )


if __name__ == "__main__":
    main()
