"""What a match with a known original may say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from detectors.result import Alarm
from provenance.result import Integrity, Origin, Presence, Provenance, SignerTrust
from provenance.similarity.result import Box, Match, Via
from service.reporting.evidence import weigh
from service.reporting.recovered_credentials import changes, in_words
from service.reporting.report import Rank, Signal, Verdict
from service.reporting.verdict import decide
from tests.service.reports import bare, credentials, match, scored

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PLACE = Box(left=0.2, top=0.2, right=0.4, bottom=0.4)


def only(found: Match, own: Provenance | None = None) -> Signal:
    (item,) = [
        item
        for item in weigh(own or bare(), (), matches=(found,))
        if item.rank is Rank.RECOVERED_CREDENTIALS
    ]
    return item.signal


@pytest.mark.parametrize(
    ("origin", "signal"),
    [
        (Origin.CAPTURED, Signal.RECOVERED_CAPTURE),
        (Origin.AI_GENERATED, Signal.RECOVERED_AI),
        (Origin.AI_EDITED, Signal.RECOVERED_AI),
        (Origin.COMPOSITE, Signal.RECOVERED_OTHER),
    ],
)
def test_a_copy_recovers_what_a_trusted_signer_said_of_its_original(
    origin: Origin, signal: Signal
) -> None:
    assert only(match(credentials(origin=origin))) is signal


@pytest.mark.parametrize("trust", [item for item in SignerTrust if item != SignerTrust.TRUSTED])
@pytest.mark.parametrize("origin", [Origin.CAPTURED, Origin.AI_GENERATED])
def test_an_original_nobody_vouches_for_decides_nothing(trust: SignerTrust, origin: Origin) -> None:
    """Else whoever gets a file into the index could call other people's photographs AI."""
    assert only(match(credentials(origin=origin, trust=trust))) is Signal.RECOVERED_OTHER


@pytest.mark.parametrize(
    "original",
    [
        bare(),
        credentials(integrity=Integrity.ASSET_MISMATCH),
        credentials(ancestor=Integrity.ASSET_MISMATCH),
        Provenance(presence=Presence.UNREADABLE, validated_at=NOW),
    ],
)
def test_an_original_without_intact_credentials_has_none_to_recover(original: Provenance) -> None:
    assert weigh(bare(), (), matches=(match(original),)) == ()


def test_a_file_with_intact_credentials_needs_no_others() -> None:
    own = weigh(credentials(), (), matches=(match(credentials(origin=Origin.AI_GENERATED)),))
    assert [item.rank for item in own] == [Rank.TRUSTED_CREDENTIALS]


def test_a_file_with_broken_credentials_still_recovers_those_of_its_original() -> None:
    broken = credentials(integrity=Integrity.ASSET_MISMATCH)
    assert only(match(), broken) is Signal.RECOVERED_CAPTURE


def test_a_copy_of_a_capture_that_differs_in_places_asks_for_a_person() -> None:
    evidence = weigh(bare(), (scored(-1.0),), matches=(match(altered=(PLACE,)),))
    decision = decide(evidence, ())
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.basis == ("recovered.0",)
    assert "different from the original in one place" in evidence[0].statement


def test_a_small_part_of_a_picture_speaks_for_none_of_it() -> None:
    ai = credentials(origin=Origin.AI_GENERATED)
    assert only(match(ai, filled=0.2)) is Signal.RECOVERED_OTHER
    assert only(match(ai, filled=0.8)) is Signal.RECOVERED_AI


def test_the_sound_of_a_film_says_nothing_of_pictures() -> None:
    ai = credentials(origin=Origin.AI_GENERATED)
    assert only(match(ai, kind="video", via=Via.SOUND)) is Signal.RECOVERED_OTHER
    assert only(match(ai, kind="audio", via=Via.SOUND)) is Signal.RECOVERED_AI


def test_a_recovered_capture_verifies_nothing_and_conflicts_with_a_classifier() -> None:
    evidence = weigh(bare(), (scored(2.0, Alarm.FPR_1),), matches=(match(),))
    decision = decide(evidence, ())
    assert decision.verdict is Verdict.LIKELY_SYNTHETIC
    assert decision.conflicts[0].between == ("recovered.0", "detector.image.network")


def test_two_matches_with_one_original_are_one_piece_of_evidence() -> None:
    matches = (match(kind="video", via=Via.FRAMES), match(kind="video", via=Via.SOUND))
    assert len(weigh(bare(), (), matches=matches)) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ()),
        ({"scale": 0.25}, ("scaled to 25 %",)),
        ({"visible": 0.9}, ("cropped by about 10 % of its area",)),
        ({"mirrored": True}, ("mirrored",)),
        ({"turned": -90.0}, ("turned by -90°",)),
        ({"filled": 0.75}, ("placed in a border or a larger picture, of which it fills 75 %",)),
        ({"altered": (PLACE, PLACE)}, ("different from the original in 2 places",)),
        (
            {"via": Via.FRAMES, "kind": "video", "start": 12.0, "end": 22.0},
            ("an excerpt from 12 s to 22 s",),
        ),
        ({"via": Via.FRAMES, "kind": "video", "start": 0.0, "end": 60.0}, ()),
    ],
)
def test_what_was_changed_is_said_in_words(changed: dict[str, Any], words: tuple[str, ...]) -> None:
    assert changes(match(**changed)) == words


def test_the_sentence_names_the_original_and_the_likeness() -> None:
    text = in_words(match(scale=0.5, visible=0.9))
    assert "“original.jpg” (sha256 abababababab…)" in text
    assert "scaled to 50 %, cropped by about 10 % of its area; likeness 0.99" in text
