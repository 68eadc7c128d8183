"""Whole reports are measured as detectors are: the file's ratio beside each of its parts."""

from dataclasses import replace
from pathlib import Path

import pytest

from detectors.base import Kind
from detectors.bench.verdicts import Answered, Outcome, Verdicts, measured
from detectors.errors import ManifestInvalid


def answered(
    number: int,
    label: str,
    verdict: str,
    ratio: float | None,
    laundering: str = "none",
    **parts: float,
) -> Answered:
    return Answered(
        path=f"{label}-{number}",
        kind=Kind.VIDEO,
        label=label,
        verdict=verdict,
        laundering=laundering,
        ratio=ratio,
        parts=parts,
    )


REAL = [
    answered(n, "real", "no_sign_found", -1 - n / 10, frames=-1.0, voice=n / 5) for n in range(9)
]
MADE = [
    answered(n, "ai_generated", "likely_synthetic", 1 + n / 10, frames=1.0, voice=n / 5)
    for n in range(9)
]


def test_a_ratio_that_a_part_would_spoil_is_seen_beside_that_part() -> None:
    found = measured([*REAL, *MADE], "made").kinds[Kind.VIDEO]
    clean = found.conditions["none"]
    assert clean.ratio.auc is not None
    assert clean.ratio.auc.value == 1.0
    assert clean.parts["frames"].gain == 0.0
    assert clean.parts["voice"].gain == 0.5
    assert clean.bona_fide is not None
    accused = clean.bona_fide.shares[Outcome.ACCUSED]
    assert (accused.count, accused.of) == (0, 9)


def test_an_accusation_that_a_delivery_takes_back_is_a_flip() -> None:
    after = [
        answered(0, "ai_generated", "inconclusive", 0.4, "jpeg-70"),
        answered(1, "ai_generated", "likely_synthetic", 0.9, "jpeg-70"),
        answered(0, "real", "inconclusive", -0.2, "jpeg-70"),
    ]
    (delivery,) = measured([*REAL, *MADE, *after], "made").kinds[Kind.VIDEO].deliveries.values()
    assert delivery.flipped is not None
    assert delivery.changed is not None
    assert (delivery.flipped.count, delivery.changed.count, delivery.changed.of) == (1, 2, 3)


def test_files_that_nobody_judged_take_coverage_and_no_figure() -> None:
    silent = answered(9, "real", "not_applicable", None)
    found = measured([*REAL, *MADE, silent], "made").kinds[Kind.VIDEO]
    assert found.conditions["none"].ratio.coverage == pytest.approx(18 / 19)
    assert found.verdicts["real"] == {"no_sign_found": 9, "not_applicable": 1}


def test_what_is_inconclusive_is_suspected_or_open() -> None:
    answers = [
        replace(answered(n, "real", "inconclusive", 0.1), suspected=n < 3, source=str(n))
        for n in range(12)
    ]
    condition = measured(answers, "made").kinds[Kind.VIDEO].conditions["none"]
    assert condition.synthetic is None
    assert condition.bona_fide is not None
    counts = {outcome: found.count for outcome, found in condition.bona_fide.shares.items()}
    assert {outcome: count for outcome, count in counts.items() if count} == {
        Outcome.SUSPECTED: 3,
        Outcome.OPEN: 9,
    }


def test_a_declaration_that_a_delivery_takes_away_is_no_flip_of_an_accusation() -> None:
    told = replace(MADE[0], verdict="declared_ai")
    after = [replace(one, laundering="jpeg-70", verdict="likely_synthetic") for one in MADE]
    answers = [told, *MADE[1:], *after]
    (delivery,) = measured(answers, "made").kinds[Kind.VIDEO].deliveries.values()
    assert delivery.flipped is not None
    assert delivery.changed is not None
    assert (delivery.flipped.count, delivery.flipped.of) == (0, 8)
    assert (delivery.changed.count, delivery.changed.of) == (1, 9)


def test_a_name_on_two_sources_is_two_items() -> None:
    twins = [replace(one, path="a", source=f"s{n}") for n, one in enumerate(REAL)]
    after = [replace(one, laundering="jpeg-70", verdict="likely_synthetic") for one in twins[:2]]
    (delivery,) = measured([*twins, *after], "made").kinds[Kind.VIDEO].deliveries.values()
    assert delivery.flipped is not None
    assert (delivery.flipped.count, delivery.flipped.of) == (2, 2)


def test_what_was_measured_reads_back_and_nothing_else_does(tmp_path: Path) -> None:
    found = measured([*REAL, *MADE], "made")
    found.write(tmp_path / "verdicts.json")
    assert Verdicts.read(tmp_path / "verdicts.json") == found
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ManifestInvalid, match="no measured verdicts"):
        Verdicts.read(tmp_path / "other.json")
