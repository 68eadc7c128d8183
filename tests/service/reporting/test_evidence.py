"""What findings are allowed to say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from detectors.result import Alarm, Claim, Finding, LikelihoodRatio, Outcome, Reason
from provenance.consistency.catalogue import trace
from provenance.declared import Marker, MarkerFamily, Says, Watermark, WatermarkScheme
from provenance.result import (
    Action,
    Ingredient,
    Integrity,
    Manifest,
    Origin,
    Presence,
    Provenance,
    Signer,
    SignerTrust,
    TrustKind,
    TrustListRef,
)
from provenance.statuses import StatusClass
from service.reporting.evidence import gaps, weigh
from service.reporting.headline import Facts, headline
from service.reporting.questions import questions
from service.reporting.report import Rank, Signal, Verdict
from service.reporting.verdict import decide

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def credentials(**changes: Any) -> Provenance:
    fields: dict[str, Any] = {
        "presence": Presence.EMBEDDED,
        "integrity": Integrity.INTACT,
        "signer": Signer(organisation="Test Press", trust=SignerTrust.TRUSTED),
        "origin": Origin.CAPTURED,
        "origin_signer_trust": SignerTrust.TRUSTED,
        "validated_at": NOW,
    }
    return Provenance(**{**fields, **changes})


def scored(detector: str, log10: float, **changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "detector": detector,
        "claim": Claim.GENERATED,
        "model": "card",
        "outcome": Outcome.SCORED,
        "votes": True,
        "raw": log10,
        "lr": LikelihoodRatio(log10=log10, low=log10 - 0.5, high=log10 + 0.5),
        "seconds": 0.1,
    }
    return Finding(**{**fields, **changes})


def only(provenance: Provenance) -> tuple[Signal, Rank]:
    (item,) = weigh(provenance, ())
    return item.signal, item.rank


@pytest.mark.parametrize(
    ("origin", "signal"),
    [
        (Origin.CAPTURED, Signal.SIGNED_CAPTURE),
        (Origin.AI_GENERATED, Signal.SIGNED_AI),
        (Origin.AI_EDITED, Signal.SIGNED_AI),
        (Origin.COMPOSITE, Signal.SIGNED_OTHER),
        (Origin.UNDECLARED, Signal.SIGNED_OTHER),
    ],
)
def test_trusted_intact_credentials_verify_what_they_declare(
    origin: Origin, signal: Signal
) -> None:
    assert only(credentials(origin=origin)) == (signal, Rank.TRUSTED_CREDENTIALS)


@pytest.mark.parametrize("trust", [item for item in SignerTrust if item != SignerTrust.TRUSTED])
def test_a_signer_nobody_vouches_for_only_claims(trust: SignerTrust) -> None:
    found = credentials(signer=Signer(common_name="x", trust=trust), origin_signer_trust=trust)
    assert only(found) == (Signal.CLAIMED_CAPTURE, Rank.UNTRUSTED_CREDENTIALS)


def test_a_trusted_manifest_wrapped_by_an_unknown_signer_verifies_nothing() -> None:
    """Anybody can attach a real camera's manifest to foreign pixels as an ingredient."""
    found = credentials(signer=Signer(trust=SignerTrust.UNTRUSTED))
    assert only(found)[0] is Signal.CLAIMED_CAPTURE


def test_a_trusted_editor_does_not_vouch_for_the_unknown_camera_before_it() -> None:
    found = credentials(origin_signer_trust=SignerTrust.UNTRUSTED)
    assert only(found)[0] is Signal.CLAIMED_CAPTURE


def history(*actions: str, part: Ingredient | None = None) -> tuple[Manifest, ...]:
    """An edited version by one signer, above the capture by another."""
    taken = Action(name="c2pa.created", origin=Origin.CAPTURED)
    below = (Ingredient(relationship="parentOf", manifest="taken"), *((part,) if part else ()))
    return (
        Manifest(
            label="edited",
            depth=0,
            claim_version=2,
            integrity=Integrity.INTACT,
            actions=tuple(Action(name=name) for name in ("c2pa.opened", *actions)),
            ingredients=below,
        ),
        Manifest(
            label="taken", depth=1, claim_version=2, integrity=Integrity.INTACT, actions=(taken,)
        ),
    )


@pytest.mark.parametrize("action", ["c2pa.cropped", "c2pa.color_adjustments", "c2pa.transcoded"])
def test_a_capture_that_was_only_cropped_or_toned_is_still_one(action: str) -> None:
    found = credentials(manifests=history(action), origin_depth=1)
    assert only(found)[0] is Signal.SIGNED_CAPTURE
    assert "an earlier manifest" in weigh(found, ())[0].statement


@pytest.mark.parametrize("action", ["c2pa.placed", "c2pa.edited", "c2pa.drawing", "com.example.x"])
def test_a_capture_that_was_edited_verifies_no_capture(action: str) -> None:
    """A picture pasted into a real photograph need not say where it comes from."""
    found = credentials(manifests=history(action), origin_depth=1)
    (item,) = weigh(found, ())
    assert item.signal is Signal.SIGNED_OTHER
    assert action.removeprefix("c2pa.") in item.statement


def test_a_part_without_credentials_makes_a_capture_an_edited_one() -> None:
    part = Ingredient(relationship="componentOf", title="face.png")
    found = credentials(manifests=history(part=part), origin_depth=1)
    assert only(found)[0] is Signal.SIGNED_OTHER


@pytest.mark.parametrize("integrity", [Integrity.MANIFEST_ALTERED, Integrity.NOT_CHECKED])
def test_credentials_that_cannot_be_read_are_a_gap_and_not_broken(integrity: Integrity) -> None:
    """Who cannot read a manifest cannot know that it was altered: it may be of a newer kind."""
    found = credentials(presence=Presence.UNREADABLE, integrity=integrity, signer=None)
    assert weigh(found, ()) == ()
    assert [item.reason for item in gaps(found, ())] == ["credentials_unreadable"]


def test_credentials_that_nothing_ties_to_the_file_are_a_gap_that_clears_nothing() -> None:
    found = credentials(integrity=Integrity.NOT_CHECKED, signer=None)
    assert weigh(found, ()) == ()
    missing = tuple(gaps(found, ()))
    assert [item.reason for item in missing] == ["credentials_not_checked"]
    silent = weigh(found, (scored("image.a", -1.0),))
    assert decide(silent, missing).verdict is Verdict.INCONCLUSIVE


def test_a_list_for_time_stamps_alone_still_leaves_the_signer_unknown() -> None:
    stamps = TrustListRef(name="tsa", kind=TrustKind.TSA, sha256="a" * 64, anchors=1)
    found = credentials(signer=Signer(trust=SignerTrust.UNKNOWN), trust_lists=(stamps,))
    assert "no_trust_list" in [item.reason for item in gaps(found, ())]


@pytest.mark.parametrize(
    "integrity",
    [Integrity.ASSET_MISMATCH, Integrity.MANIFEST_ALTERED, Integrity.SIGNATURE_BAD],
)
def test_a_failed_check_is_broken_whoever_signed(integrity: Integrity) -> None:
    assert only(credentials(integrity=integrity)) == (Signal.BROKEN, Rank.BROKEN_CREDENTIALS)


@pytest.mark.parametrize(
    ("fault", "signal"),
    [
        (StatusClass.CHANGED, Signal.BROKEN),
        (StatusClass.BROKEN_BEFORE, Signal.UNRELIABLE),
        (StatusClass.UNREADABLE, Signal.UNRELIABLE),
    ],
)
def test_a_trusted_signature_over_a_failing_parent_verifies_nothing(
    fault: StatusClass, signal: Signal
) -> None:
    found = credentials(
        chain_ok=False, chain_failures=("assertion.dataHash.mismatch",), fault=fault
    )
    assert only(found)[0] is signal


@pytest.mark.parametrize("presence", list(Presence))
def test_absence_of_credentials_says_nothing(presence: Presence) -> None:
    found = credentials(presence=presence, integrity=None, signer=None)
    assert weigh(found, ()) == ()


@pytest.mark.parametrize(
    ("says", "signal"),
    [
        (Says.AI_GENERATED, Signal.MARKED_AI),
        (Says.AI_EDITED, Signal.MARKED_AI),
        (Says.POSSIBLY_AI, Signal.SUSPECT),
        (Says.CAPTURED, Signal.MARKED_CAPTURE),
    ],
)
def test_unsigned_markers_are_declarations_at_most(says: Says, signal: Signal) -> None:
    marker = Marker(name="m", family=MarkerFamily.IPTC, says=says, where="XMP")
    found = credentials(presence=Presence.NONE, integrity=None, signer=None, markers=(marker,))
    assert only(found) == (signal, Rank.DECLARED_MARKER)


def test_only_traces_with_weight_are_evidence_and_of_the_lowest_rank() -> None:
    traces = (trace("time.future", "Taken tomorrow."), trace("jpeg.size", "Made smaller."))
    found = credentials(presence=Presence.NONE, integrity=None, signer=None, traces=traces)
    assert only(found) == (Signal.INCONSISTENT, Rank.CONSISTENCY)
    assert Rank.CONSISTENCY > Rank.CLASSIFIER


def test_a_detector_that_does_not_vote_is_no_evidence_and_answers_no_question() -> None:
    shown = scored("image.x", 3.0, votes=False, alarm=Alarm.FPR_1)
    assert weigh(None, (shown,)) == ()
    assert questions((shown,)) == ()


def test_alarms_become_signals_by_operating_point_and_claim() -> None:
    findings = (
        scored("image.a", 2.0, alarm=Alarm.FPR_1),
        scored("image.b", 2.0, alarm=Alarm.FPR_1, claim=Claim.FACE_SWAP),
        scored("image.c", 1.0, alarm=Alarm.FPR_5),
        scored("image.d", -1.0),
    )
    assert [item.signal for item in weigh(None, findings)] == [
        Signal.SYNTHETIC,
        Signal.MANIPULATED,
        Signal.SUSPECT,
        Signal.UNREMARKABLE,
    ]


def test_an_abstention_is_a_stated_gap_and_never_a_neutral_score() -> None:
    abstained = Finding(
        detector="audio.voice",
        claim=Claim.SYNTHETIC_SPEECH,
        model="card",
        outcome=Outcome.NOT_APPLICABLE,
        votes=True,
        reason=Reason.NO_SPEECH,
        explanation="no speech was found",
        seconds=0.1,
    )
    assert questions((abstained,)) == ()
    (gap,) = gaps(None, (abstained,))
    assert (gap.what, gap.reason) == ("audio.voice", "no_speech")


def test_an_accusation_that_another_delivery_takes_back_is_inconclusive_and_says_why() -> None:
    found = scored("image.clip", 1.2, alarm=Alarm.FPR_5, unstable=True)
    evidence = weigh(None, (found,))
    assert "passes none, so it accuses nobody" in evidence[0].statement
    decision = decide(evidence, ())
    assert decision.verdict is Verdict.INCONCLUSIVE
    said = headline(Facts(decision=decision, evidence=evidence, findings=(found,)))
    assert "not once this is made smaller or cut and saved again" in said


@pytest.mark.parametrize(("refused", "told"), [(3.0, 0), (8.0, 1)])
def test_a_film_of_which_many_frames_could_not_be_judged_is_not_cleared(
    refused: float, told: int
) -> None:
    facts = {"judged_frames": 16.0 - refused, "refused_frames": refused}
    found = scored("video.frames", -1.0, facts=facts)
    missing = tuple(gaps(None, (found,)))
    assert [gap.reason for gap in missing] == ["frames_refused"] * told
    verdict = Verdict.INCONCLUSIVE if told else Verdict.NO_SIGN_FOUND
    assert decide(weigh(None, (found,)), missing).verdict is verdict


@pytest.mark.parametrize("looks", [{}, {"looks_drawn": 0.4}])
def test_a_drawing_is_judged_and_the_report_says_with_what_doubt(looks: dict[str, float]) -> None:
    missing = tuple(gaps(None, (scored("image.clip", -1.0, facts=looks),)))
    assert [gap.reason for gap in missing] == ["no_photograph"] * len(looks)
    assert all("higher thresholds and a wider interval" in gap.statement for gap in missing)


@pytest.mark.parametrize(
    ("outcome", "reason", "told"),
    [
        (Outcome.FAILED, Reason.INTERNAL_ERROR, 1),
        (Outcome.NOT_APPLICABLE, Reason.NO_FACE, 0),
    ],
)
def test_an_expert_that_does_not_vote_may_abstain_but_not_fail_in_silence(
    outcome: Outcome, reason: Reason, told: int
) -> None:
    expert = Finding(
        detector="image.expert",
        claim=Claim.GENERATED,
        model="card",
        outcome=outcome,
        votes=False,
        reason=reason,
        explanation="made for the test",
        seconds=0.1,
    )
    assert len(tuple(gaps(None, (expert,)))) == told


@pytest.mark.parametrize(
    ("detector", "votes", "verdict"),
    [
        ("image.edits", False, Verdict.NO_SIGN_FOUND),
        ("audio.statistics", False, Verdict.INCONCLUSIVE),
        ("image.face_swap", True, Verdict.INCONCLUSIVE),
    ],
)
def test_a_failure_leaves_the_verdict_open_only_where_a_vote_rests_on_it(
    detector: str, verdict: Verdict, *, votes: bool
) -> None:
    failed = Finding(
        detector=detector,
        claim=Claim.LOCAL_EDIT,
        model="card",
        outcome=Outcome.FAILED,
        votes=votes,
        reason=Reason.WEIGHTS_UNAVAILABLE,
        explanation="the weights are damaged",
        seconds=0.1,
    )
    findings = (scored("image.clip", -1.0), failed)
    missing = tuple(gaps(None, findings))
    assert [(gap.what, gap.statement) for gap in missing] == [(detector, "the weights are damaged")]
    assert decide(weigh(None, findings), missing).verdict is verdict


@pytest.mark.parametrize(
    ("presence", "reason"),
    [
        (Presence.UNSUPPORTED, "unsupported_container"),
        (Presence.UNREADABLE, "credentials_unreadable"),
        (Presence.REMOTE_UNFETCHED, "remote_manifest"),
    ],
)
def test_credentials_that_were_not_read_are_a_stated_gap(presence: Presence, reason: str) -> None:
    found = credentials(presence=presence, integrity=None, signer=None)
    assert [item.reason for item in gaps(found, ())] == [reason]


def watermark(matched: int, p_chance: float, total: int = 48) -> Watermark:
    return Watermark(
        name="SDXL",
        scheme=WatermarkScheme.DWT_DCT,
        generator="Stable Diffusion XL",
        matched=matched,
        total=total,
        p_chance=p_chance,
    )


def test_a_watermark_beyond_chance_names_its_generator_and_how_sure_that_is() -> None:
    (item,) = weigh(None, (), (watermark(46, 3.2e-11),))
    assert (item.signal, item.rank) == (Signal.WATERMARKED_AI, Rank.WATERMARK)
    assert "46 of the 48 bits" in item.statement
    assert "Stable Diffusion XL" in item.statement
    assert "one in 10 billion pictures" in item.statement


@pytest.mark.parametrize(
    ("matched", "total", "p_chance"),
    [(24, 48, 1.0), (41, 48, 1.1e-6), (98, 136, 9e-7)],
    ids=["a coin", "short of the threshold", "what a repeating picture can reach"],
)
def test_bits_that_an_unmarked_picture_may_have_say_nothing(
    matched: int, total: int, p_chance: float
) -> None:
    assert weigh(None, (), (watermark(matched, p_chance, total),)) == ()


def test_a_watermark_of_a_generator_decides_over_classifiers_that_see_nothing() -> None:
    evidence = weigh(None, (scored("image.a", -1.0),), (watermark(48, 2.5e-14),))
    decision = decide(evidence, ())
    assert decision.verdict is Verdict.DECLARED_AI
    assert decision.basis == ("watermark.SDXL.dwtDct",)


def test_a_watermark_in_a_verified_capture_is_a_conflict() -> None:
    decision = decide(weigh(credentials(), (), (watermark(48, 2.5e-14),)), ())
    assert decision.verdict is Verdict.VERIFIED_CAPTURE
    assert [item.between for item in decision.conflicts] == [
        ("credentials", "watermark.SDXL.dwtDct")
    ]
