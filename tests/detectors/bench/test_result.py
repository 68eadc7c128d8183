"""From scores to a committed result."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detectors.bench.result import Result, calibrated, evaluate
from detectors.bench.scores import Score
from detectors.errors import ManifestInvalid
from detectors.result import Claim


def scores(count: int = 200, distance: float = 2.0, laundering: str = "none") -> list[Score]:
    """Half of each class, ten sources, four generators."""
    rng = np.random.default_rng(1)
    return [
        Score(
            path=f"{index}.jpg",
            label="ai_generated" if index % 2 else "real",
            raw=float(rng.normal() + distance * (index % 2)),
            source=f"site {index % 10}",
            generator=f"model {index % 8}" if index % 2 else "camera",
            pair="shop" if index % 10 < 2 else "",
            laundering=laundering,
            seconds=0.5,
        )
        for index in range(count)
    ]


def measured(found: list[Score], threshold: float | None = None) -> Result:
    return evaluate(
        found,
        detector="image.x",
        claim=Claim.GENERATED,
        model="x-1",
        protocol="p",
        data="d",
        threshold=threshold,
    )


def test_each_condition_is_measured_and_the_clean_one_comes_first() -> None:
    found = measured(scores(distance=0.5, laundering="jpeg-50") + scores())
    assert list(found.launderings) == ["none", "jpeg-50"]
    clean, worse = (found.launderings[name].auc for name in found.launderings)
    assert clean is not None
    assert worse is not None
    assert clean.value > 0.85 > worse.value
    assert found.cpu_seconds == 0.5


def test_a_generator_is_measured_against_all_bona_fide_items() -> None:
    groups = measured(scores()).groups
    assert set(groups["generator"]) == {"model 1", "model 3", "model 5", "model 7"}
    assert groups["generator"]["model 3"].bona_fide == 100
    assert groups["generator"]["model 3"].synthetic == 25
    assert groups["source"]["site 3"].bona_fide == 0
    assert groups["source"]["site 3"].auc is None
    assert groups["pair"]["any"].bona_fide == groups["pair"]["any"].synthetic == 20


def test_without_a_threshold_one_in_twenty_bona_fide_items_is_flagged() -> None:
    flagged = measured(scores()).launderings["none"].flagged_bona_fide
    assert flagged is not None
    assert flagged.value == pytest.approx(0.04, abs=0.011)


def test_a_ratio_is_never_fitted_on_its_own_source() -> None:
    found = scores()
    mislabelled = [
        replace(score, label="ai_generated") if score.source == "site 4" else score
        for score in found
    ]
    pairs = list(zip(calibrated(found), calibrated(mislabelled), strict=True))
    own = [(a.log10_lr, b.log10_lr) for a, b in pairs if a.source == "site 4"]
    assert all(before == after is not None for before, after in own)
    assert any(a.log10_lr != b.log10_lr for a, b in pairs if a.source != "site 4")


def test_given_ratios_are_kept_and_few_items_get_none() -> None:
    given = [Score(path="a", label="real", raw=1.0, log10_lr=-0.3)]
    assert calibrated(given) == given
    assert calibrated(scores(20)) == scores(20)
    assert measured(scores(20)).launderings["none"].cllr is None


def test_abstentions_are_counted_by_reason() -> None:
    silent = [Score(path="x", label="real", raw=None, reason="too_small", source="site 1")]
    found = measured(scores() + silent)
    assert found.abstentions == {"too_small": 1}
    assert found.launderings["none"].coverage == pytest.approx(200 / 201)


def test_what_a_detector_does_not_claim_is_shown_beside_its_figures() -> None:
    swaps = [Score(path=f"s{i}", label="face_swap", raw=0.0, source="site 1") for i in range(6)]
    with_swaps, without = measured(scores() + swaps), measured(scores())
    assert with_swaps.launderings == without.launderings
    assert with_swaps.groups["beyond"]["face_swap"].synthetic == 6
    assert not without.groups["beyond"]


def test_a_result_can_be_read_back_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    found = measured(scores())
    found.write(tmp_path / "r.json")
    assert Result.read(tmp_path / "r.json") == found
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(ManifestInvalid, match=r"r\.json is not a results file"):
        Result.read(tmp_path / "r.json")
