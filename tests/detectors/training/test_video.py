"""The head for frames of films is fitted to films and measured on sources that it never saw."""

from pathlib import Path

import numpy as np

from detectors.base import Kind
from detectors.bench.manifest import Item
from detectors.training.video_bank import Seen
from detectors.training.video_head import MOST, Clip, chosen, held_out, scores, trained

WIDTH = 24
SIZE = 3 * WIDTH  # one block
NO_HEAD = {"whole": np.zeros(SIZE, np.float32), "crop": np.zeros(SIZE, np.float32)}


def _clips(*, telling: bool) -> list[Clip]:
    """Twelve sources of four films; what gives a class away is shared by sources, or their own."""
    rng = np.random.default_rng(3)
    shared = rng.normal(size=SIZE)
    found = []
    for number in range(12):
        own = rng.normal(size=SIZE)
        for film in range(4):
            synthetic = number % 2 == 1
            sign = 1.0 if synthetic else -1.0
            means = own * 2 + (shared * sign if telling else 0)
            frames = rng.normal(means, 0.5, (2, 3, SIZE)).astype(np.float32)
            whole, crop = frames.reshape(2, 3, 1, 3, WIDTH)
            found.append(
                Clip(
                    name=f"{number}-{film}",
                    synthetic=synthetic,
                    source=f"source {number}",
                    seen=Seen(whole, crop, 320),
                )
            )
    return found


def _right(clips: list[Clip], found: list[float]) -> float:
    """Share of films on the right side of nought."""
    return float(np.mean([(raw > 0) == c.synthetic for raw, c in zip(found, clips, strict=True)]))


def test_what_only_a_source_shows_is_learned_and_not_counted() -> None:
    clips = _clips(telling=False)
    head = trained(clips, NO_HEAD)
    assert _right(clips, [float(scores(c.seen, head).mean()) for c in clips]) == 1.0
    assert _right(clips, [float(s.mean()) for s in held_out(clips, NO_HEAD)]) < 0.8


def test_what_generated_films_share_is_found_in_sources_never_seen() -> None:
    clips = _clips(telling=True)
    assert _right(clips, [float(s.mean()) for s in held_out(clips, NO_HEAD)]) > 0.9


def test_the_head_of_pictures_is_kept_where_it_tells() -> None:
    clips = _clips(telling=False)
    marked = [
        Clip(name=c.name, synthetic=c.synthetic, source=c.source, seen=_marked(c)) for c in clips
    ]
    before = {**NO_HEAD, "crop": np.eye(1, SIZE, dtype=np.float32)[0]}
    assert _right(marked, [float(s.mean()) for s in held_out(marked, before)]) > 0.9


def _marked(clip: Clip) -> Seen:
    crop = clip.seen.crop.copy()
    crop[:, 0, 0, 0] = 3.0 if clip.synthetic else -3.0
    return Seen(clip.seen.whole, crop, clip.seen.side)


def test_no_source_gives_more_films_than_its_share_and_swaps_give_none() -> None:
    items = [
        Item(
            file=Path("x"),
            name=f"{label} {number}",
            kind=Kind.VIDEO,
            label=label,
            sha256=f"{number:02x}",
            source="page",
            generator="",
            format="",
            pair="",
        )
        for label in ("real", "ai_generated", "face_swap")
        for number in reversed(range(30))
    ]
    found = [item.name for item in chosen(items)]
    assert sorted(found) == sorted(
        [f"real {n}" for n in range(MOST[False])] + [f"ai_generated {n}" for n in range(MOST[True])]
    )
