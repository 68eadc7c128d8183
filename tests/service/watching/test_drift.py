"""Scores that moved are told from chance, from too few, and from another model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from detectors.calibration import distribution
from detectors.registry import SPECS, card_of, named
from detectors.result import Claim, Finding, LikelihoodRatio, Outcome
from detectors.zoo.card import ModelCard
from service.cli.drift import show
from service.db.lifecycle import first_id
from service.db.scores import Said, Stretch
from service.watching import drift
from service.watching.drift import (
    FEWEST,
    Compared,
    Question,
    Window,
    compare,
    figures_of,
    look,
    shares,
)
from tests.service import reports
from tests.service.databases import sqlite
from tests.service.office import office

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WINDOW = Window(now=NOW)
SHIPPED = card_of(named("image.clip"))
assert SHIPPED.operating_points is not None
POINTS = SHIPPED.operating_points
DRAWN = np.random.default_rng(0)
CARD = SHIPPED.model_copy(
    update={
        "scores": distribution(
            DRAWN.normal(POINTS.fpr_5 - 1.645, 1.0, 2000),
            DRAWN.normal(POINTS.fpr_5 + 1.0, 1.0, 1000),
        )
    }
)
CARDS = {"image.clip": CARD}


def answers(raws: Sequence[float | None], *, days_ago: float, tenant: str = "a") -> Iterator[Said]:
    """One answer for each raw score, on one day."""
    scan_id = first_id(NOW - timedelta(days=days_ago))
    for raw in raws:
        yield Said(
            scan_id=scan_id,
            tenant=tenant,
            kind="image",
            detector="image.clip",
            model=CARD.name,
            digest=CARD.digest,
            raw=raw,
            allowance=0.0,
            log10_lr=None if raw is None else raw / 2,
        )


def real_media(count: int, seed: int) -> list[float | None]:
    """Scores of which 5 % pass the point of the card, as on its held-out real media."""
    drawn = np.random.default_rng(seed).normal(POINTS.fpr_5 - 1.645, 1.0, count)
    return [float(score) for score in drawn]


def by_question(found: Sequence[Compared], tenant: str = "a") -> dict[Question, Compared]:
    return {item.question: item for item in found if item.tenant == tenant}


def test_scores_like_those_of_the_card_and_of_the_weeks_before_are_no_drift() -> None:
    said = [
        item
        for number in range(20)
        for item in (
            *answers(real_media(300, number), days_ago=1, tenant=f"t{number}"),
            *answers(real_media(600, 100 + number), days_ago=20, tenant=f"t{number}"),
        )
    ]
    found = compare(said, CARDS, WINDOW)
    assert len(found) == 80
    assert [item.state for item in found if item.state != "as before"] == []


def test_scores_that_moved_are_drift_against_the_card_and_against_the_weeks_before() -> None:
    moved = [raw + 1.0 for raw in real_media(2000, 1) if raw is not None]
    found = by_question(
        compare(
            (*answers(moved, days_ago=1), *answers(real_media(600, 2), days_ago=20)), CARDS, WINDOW
        )
    )
    over, scores = found[Question.OVER], found[Question.SCORES]
    assert over.drifted
    rank = int(0.05 * (POINTS.bona_fide + 1))  # of the score that is the point; those above it pass
    assert over.was == pytest.approx((rank - 1) / POINTS.bona_fide)
    assert over.became == pytest.approx(0.26, abs=0.03)  # of a normal that moved by one deviation
    assert over.reference == POINTS.bona_fide
    assert scores.drifted
    assert scores.effect == pytest.approx(0.38, abs=0.05)
    assert found[Question.NO_SCORE].state == "as before"
    assert figures_of(found.values())["image.clip scores"] == scores.effect


def known_scores() -> ModelCard:
    """The card with held-out scores: 600 real ones around 0, 400 synthetic ones around 2."""
    drawn = np.random.default_rng(1)
    known = distribution(drawn.normal(0, 1, 600), drawn.normal(2, 1.2, 400))
    return CARD.model_copy(update={"scores": known})


def beside_the_card(raws: Sequence[float], tenant: str = "a") -> Compared:
    card = known_scores()
    said = [replace(item, digest=card.digest) for item in answers(raws, days_ago=1, tenant=tenant)]
    return by_question(compare(said, {"image.clip": card}, WINDOW), tenant)[Question.CARD]


def test_real_media_with_some_synthetic_among_them_are_what_the_card_knows() -> None:
    for seed in range(20):
        drawn = np.random.default_rng(seed)
        raws = [*drawn.normal(0, 1, 270), *drawn.normal(2, 1.2, 30)]
        found = beside_the_card(raws)
        assert found.state == "as before"
        assert found.synthetic_share is not None
        assert 0 <= found.synthetic_share <= 0.3


@pytest.mark.parametrize(("middle", "spread"), [(-0.5, 1.0), (0.0, 2.0), (0.0, 0.4)])
def test_scores_that_no_mixture_of_the_cards_media_has_are_drift(
    middle: float, spread: float
) -> None:
    found = beside_the_card(list(np.random.default_rng(3).normal(middle, spread, 300)))
    assert found.drifted
    assert found.was is not None
    assert found.became is not None


def test_more_synthetic_media_are_told_as_their_share_and_are_no_drift_beside_the_card() -> None:
    drawn = np.random.default_rng(4)
    found = beside_the_card([*drawn.normal(0, 1, 150), *drawn.normal(2, 1.2, 150)])
    assert found.state == "as before"
    assert found.synthetic_share == pytest.approx(0.5, abs=0.1)


def test_a_file_s_allowance_is_taken_off_before_it_is_held_beside_the_card() -> None:
    card = known_scores()
    drawn = np.random.default_rng(5).normal(1.5, 1, 300)
    said = [
        replace(item, digest=card.digest, allowance=1.5)
        for item in answers(drawn.tolist(), days_ago=1)
    ]
    found = by_question(compare(said, {"image.clip": card}, WINDOW))[Question.CARD]
    assert found.state == "as before"
    assert found.synthetic_share == pytest.approx(0, abs=0.1)


def like_the_card(name: str, synthetic: float, moved: float) -> Compared:
    """300 scores drawn from those on a shipped card, moved by so many deviations of its real media."""
    card = card_of(named(name))
    assert card.scores is not None, "how its held-out scores lie is not on the card"
    drawn = np.random.default_rng(6)
    made = round(300 * synthetic)
    sides = ((card.scores.bona_fide, 300 - made), (card.scores.synthetic, made))
    raws = np.concatenate(
        [np.interp(drawn.random(size), np.linspace(0, 1, len(side)), side) for side, size in sides]
    )
    raws += moved * float(np.std(card.scores.bona_fide))
    said = [
        replace(item, detector=name, digest=card.digest)
        for item in answers(raws.tolist(), days_ago=1)
    ]
    return by_question(compare(said, {name: card}, WINDOW))[Question.CARD]


@pytest.mark.parametrize("name", [spec.name for spec in SPECS if card_of(spec).votes])
def test_of_every_detector_with_a_vote_half_a_deviation_is_seen_in_300_scans(name: str) -> None:
    assert like_the_card(name, synthetic=0.0, moved=-0.5).drifted
    assert like_the_card(name, synthetic=0.1, moved=0.0).state == "as before"


def test_a_card_without_scores_is_asked_nothing_of_them() -> None:
    card = CARD.model_copy(update={"scores": None})
    said = [replace(item, digest=card.digest) for item in answers(real_media(60, 1), days_ago=1)]
    assert Question.CARD not in by_question(compare(said, {"image.clip": card}, WINDOW))


def test_a_detector_that_gives_up_more_often_is_drift() -> None:
    silent = [None if number % 2 else 0.0 for number in range(200)]
    said = (*answers(silent, days_ago=1), *answers(real_media(200, 3), days_ago=20))
    assert by_question(compare(said, CARDS, WINDOW))[Question.NO_SCORE].drifted


def test_a_difference_that_is_significant_and_small_is_no_drift() -> None:
    moved = [raw + 0.15 for raw in real_media(20_000, 4) if raw is not None]
    said = (*answers(moved, days_ago=1), *answers(real_media(20_000, 5), days_ago=20))
    scores = by_question(compare(said, CARDS, WINDOW))[Question.SCORES]
    assert scores.corrected_p is not None
    assert scores.corrected_p < 0.01
    assert scores.state == "as before"


def test_too_few_scans_are_said_to_be_too_few() -> None:
    few = real_media(FEWEST - 1, 6)
    found = compare((*answers(few, days_ago=1), *answers(few, days_ago=20)), CARDS, WINDOW)
    assert {item.state for item in found} == {"too few scans"}
    assert figures_of(found) == dict.fromkeys(figures_of(found), 0.0)


def test_scores_of_another_model_are_not_compared() -> None:
    others = [replace(said, digest="other") for said in answers([9.0] * 300, days_ago=1)]
    assert compare(others, CARDS, WINDOW) == ()


def test_a_busy_tenant_leaves_room_for_the_others_and_for_the_weeks_before() -> None:
    busy, before, small, empty = (
        Stretch("busy", "b", None),
        Stretch("busy", "a", "b"),
        Stretch("small", "a", "b"),
        Stretch("small", "b", None),
    )
    there = {busy: 900_000, before: 40_000, small: 300, empty: 1}
    found = shares(there, 50_000)
    assert found == {busy: 24_850, before: 24_849, small: 300, empty: 1}
    assert shares({small: 300}, 50_000) == {small: 300}
    assert shares({}, 50_000) == {}


def test_the_reports_in_the_database_are_what_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sqlite(tmp_path / "assay.db")
    desk = office(database, tmp_path / "blobs")
    finding = Finding(
        detector="image.clip",
        claim=Claim.GENERATED,
        model=SHIPPED.name,
        outcome=Outcome.SCORED,
        votes=True,
        raw=POINTS.fpr_5 + 1,
        lr=LikelihoodRatio(log10=1.0, low=0.5, high=1.5),
        seconds=0.1,
    )
    made = reports.report(findings=(finding,))
    engine = made.engine.model_copy(update={"models": {SHIPPED.name: SHIPPED.digest}})
    desk.engine.make = lambda: made.model_copy(update={"engine": engine})
    for _ in range(3):
        desk.done()
    now = Window(now=datetime.now(UTC) + timedelta(seconds=1))
    over = by_question(look(database, now), "default")[Question.OVER]
    assert (over.kind, over.scans, over.state) == ("image", 3, "too few scans")
    assert over.left_out == 0
    monkeypatch.setattr(drift, "MOST_REPORTS", 2)
    over = by_question(look(database, now), "default")[Question.OVER]
    assert (over.scans, over.left_out) == (2, 1)
    assert look(database, now, "others") == ()
    assert look(database, Window(now=NOW + timedelta(days=365))) == ()
    database.close()


def test_a_narrow_terminal_shows_every_detector_by_its_whole_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = tuple(spec.name for spec in SPECS)
    one = Compared(
        tenant="default",
        kind="image",
        detector="",
        question=Question.SCORES,
        scans=300,
        reference=724,
        p=0.5,
    )
    show(tuple(replace(one, detector=name) for name in names))
    said = capsys.readouterr().out
    assert [name for name in names if name not in said] == []


def test_too_few_scans_are_told_once_of_a_tenant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    few = Compared(
        tenant="archive",
        kind="image",
        detector="image.clip",
        question=Question.SCORES,
        scans=3,
        reference=724,
    )
    silent = replace(few, question=Question.NO_SCORE)
    speech = replace(few, detector="audio.ensemble")
    enough = replace(silent, detector="audio.ensemble", p=0.5, corrected_p=0.5, effect=0.0)
    show((few, silent, speech, enough))
    said = capsys.readouterr().out
    assert said.count("too few scans") == 1
    assert (
        "archive: too few scans to compare image.clip, audio.ensemble (scores); it takes 50 on "
        "each side" in said
    )
    assert said.count("as before") == 1
    show((few, silent))
    assert capsys.readouterr().out.splitlines() == [
        "archive: too few scans to compare image.clip; it takes 50 on each side"
    ]
