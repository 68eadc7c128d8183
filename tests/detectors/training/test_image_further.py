"""The second training of the picture heads: which pictures, which views, and what a head keeps."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from detectors.image.views import SIDE, Pixels
from detectors.training.image_data import Picture, handed_on, spread
from detectors.training.image_features import cache, cached
from detectors.training.image_further import KINDS, Earlier, further, of_folds, view_of
from detectors.training.image_heads import Fitting, source_weights
from tests import media

Floats = npt.NDArray[np.float32]


def picture(index: int, *, source: str = "", synthetic: bool = False, made_by: str = "") -> Picture:
    return Picture(
        file=Path(f"{index}.png"),
        thumbnail=None,
        synthetic=synthetic,
        generator=made_by,
        source=source or f"source {index}",
        pair="",
        source_format="png",
        digest=hashlib.sha256(bytes([index % 256, index // 256])).hexdigest(),
        photoreal=False,
        face_crop=False,
    )


def test_every_source_has_its_turn_and_one_generator_has_its_fill() -> None:
    large = [picture(index, source="large") for index in range(5)]
    small = [picture(5, source="small")]
    made = [picture(index, synthetic=True, made_by="builder") for index in range(6, 10)]
    found = spread([*large, *small, *made], most=3, of_generator=2)
    assert [one.source for one in found if not one.synthetic] == [
        "large",
        "small",
        "large",
        "large",
    ]
    assert sum(one.synthetic for one in found) == 2


def test_half_of_what_is_handed_on_are_small_copies() -> None:
    """The middle of a small copy shows the whole picture; that of another one a part of it."""
    plain = media.photo_like(700, 600)
    copies = 0
    for index in range(10):
        one = picture(index)
        whole, crop = (handed_on(one, f"{kind}.handed", lambda _: plain) for kind in KINDS)
        assert whole.shape == crop.shape == (SIDE, SIDE, 3)
        assert np.array_equal(crop, handed_on(one, "crop.handed", lambda _: plain))
        copies += np.corrcoef(whole.ravel(), crop.ravel())[0, 1] > 0.8
    assert 2 <= copies <= 8


def test_more_pictures_are_added_to_a_cache_and_none_is_described_twice(tmp_path: Path) -> None:
    described: list[float] = []

    def describe(pixels: Pixels) -> Floats:
        described.append(float(pixels[0, 0, 0]))
        return np.full((2, 3), pixels[0, 0, 0], np.float32)

    def render(one: Picture, view: str) -> Pixels:
        del view
        return np.full((2, 2, 3), int(one.file.stem), np.uint8)

    first, later = [picture(1), picture(2)], [picture(3), picture(2), picture(1)]
    cache(first, "whole.clean", describe, tmp_path, render)
    with pytest.raises(OSError, match="1 pictures lack"):
        cached(later, "whole.clean", tmp_path)
    cache(later, "whole.clean", describe, tmp_path, render)
    assert described == [1, 2, 3]
    assert cached(later, "whole.clean", tmp_path).tolist() == [[3] * 6, [2] * 6, [1] * 6]


def views_of(chosen: list[Picture], rng: np.random.Generator) -> dict[str, list[Floats]]:
    """The first feature of each view tells the classes apart, the second only in the new pictures."""
    synthetic = np.array([one.synthetic for one in chosen])
    found = {}
    for kind in KINDS:
        rows = rng.normal(0, 1, (len(chosen), 6)).astype(np.float32)
        rows[:, 0] += synthetic
        rows[:, 1] += synthetic
        found[kind] = [rows]
    return found


def seen_before(feature: int = 0) -> Earlier:
    """Pictures of an earlier training, in which one feature tells the classes apart."""
    rng = np.random.default_rng(11)
    chosen = [
        picture(1000 + index, source=f"earlier {index % 12}", synthetic=index % 2 == 1)
        for index in range(120)
    ]
    parts = {kind: rng.normal(0, 1, (len(chosen), 6)).astype(np.float32) for kind in KINDS}
    for rows in parts.values():
        rows[:, feature] += [3 * one.synthetic for one in chosen]
    return Earlier(parts=parts, pictures=chosen)


def test_what_told_earlier_pictures_apart_is_kept_where_new_ones_do_not_need_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detectors.training.image_further.COMPONENTS", 5)
    chosen = [
        picture(index, source=f"source {index % 24}", synthetic=index % 2 == 1)
        for index in range(240)
    ]
    parts = views_of(chosen, np.random.default_rng(13))
    nothing = np.zeros(6, np.float32)
    before = {"whole": nothing, "crop": nothing, "bias": np.array(0, np.float32)}
    kept, other = (
        further(parts, before, chosen, seen_before(feature)).head["whole"] for feature in (4, 5)
    )
    assert kept[4] > 3 * abs(kept[5])
    assert other[5] > 3 * abs(other[4])


def test_a_head_keeps_what_it_knew_and_learns_what_it_did_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detectors.training.image_further.COMPONENTS", 5)
    chosen = [
        picture(index, source=f"source {index % 24}", synthetic=index % 2 == 1)
        for index in range(480)
    ]
    parts = views_of(chosen, np.random.default_rng(3))
    one = np.array([1, 0, 0, 0, 0, 0], np.float32)
    before = {"whole": one, "crop": one, "bias": np.array(-1, np.float32)}
    found = further(parts, before, chosen, seen_before())
    assert found.head["whole"][0] > 0.5
    assert found.head["whole"][1] > 0.35
    assert np.abs(found.head["whole"][2:]).max() < 0.3
    synthetic = np.array([one.synthetic for one in chosen])

    def apart(scores: npt.NDArray[np.float64]) -> float:
        return float((scores[synthetic][:, None] > scores[~synthetic][None]).mean())

    assert apart(found.scores[0]) > apart(found.before[0]) + 0.05
    folded = (
        sum(parts[kind][0] @ found.head[kind] for kind in KINDS) + found.head["bias"]
    )  # one weight a feature says what the components and the head before say together
    assert apart(np.asarray(folded, np.float64)) > apart(found.scores[0]) - 0.02


def test_the_head_of_a_source_scores_it_as_it_was_scored_held_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detectors.training.image_further.COMPONENTS", 5)
    chosen = [
        picture(index, source=f"source {index % 24}", synthetic=index % 2 == 1)
        for index in range(96)
    ]
    parts = views_of(chosen, np.random.default_rng(7))
    one = np.array([1, 0, 0, 0, 0, 0], np.float32)
    before = {"whole": one, "crop": one, "bias": np.array(0, np.float32)}
    earlier = seen_before()
    heads = of_folds(parts, before, chosen, earlier)
    expected = further(parts, before, chosen, earlier)
    assert len({float(head["bias"]) for head in heads.values()}) == 12
    for index, each in enumerate(chosen):
        head = heads[each.source]
        score = sum(parts[kind][0][index] @ head[kind] for kind in KINDS) + head["bias"]
        assert score == pytest.approx(expected.scores[0][index], abs=1e-3)


def test_rows_of_a_view_and_its_weights_say_the_same() -> None:
    rng = np.random.default_rng(5)
    features = rng.normal(2, 1, (50, 8)).astype(np.float32)
    view = view_of(features, rng.normal(0, 1, 8).astype(np.float32))
    rows = view.rows(features)
    coefficients = rng.normal(0, 1, (rows.shape[1],)).astype(np.float32)
    weights, bias = view.weights(coefficients)
    assert np.allclose(rows @ coefficients, features @ weights + bias, atol=1e-3)


def test_one_generator_of_many_sources_weighs_less_than_they_would() -> None:
    builder = [picture(index, synthetic=True, made_by="builder") for index in range(9)]
    other = [picture(9, synthetic=True, made_by="other")]
    chosen = [*builder, *other, *(picture(index) for index in range(10, 20))]
    plain, balanced = source_weights(chosen), source_weights(chosen, Fitting(generators=0.5))
    assert plain[:9].sum() == pytest.approx(9 * plain[9])
    assert balanced[:9].sum() == pytest.approx(3 * balanced[9])
    for weights in (plain, balanced):
        assert weights[:10].sum() == pytest.approx(weights[10:].sum())
