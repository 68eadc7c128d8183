"""The first sentence of a report: for each signal, and never against what the page shows."""

import pytest

from detectors.result import (
    Alarm,
    Claim,
    Finding,
    LikelihoodRatio,
    Outcome,
    Segment,
)
from provenance.declared import Marker, MarkerFamily, Says, Watermark, WatermarkScheme
from provenance.result import (
    Action,
    Integrity,
    Manifest,
    Origin,
    Presence,
    Provenance,
    Signer,
    SignerTrust,
)
from service.reporting.evidence import SUBSTANTIAL, weigh
from service.reporting.headline import BY_SIGNAL, NO_CONCLUSION, NO_METHOD, NO_SIGN, Facts, headline
from service.reporting.report import NotChecked, Verdict
from service.reporting.verdict import NOT_REQUESTED, TABLE, decide
from tests.service import reports

PROVENANCE_ONLY = NotChecked(what="classifiers", reason=NOT_REQUESTED, statement="Not asked for.")
DAMAGED = NotChecked(
    what="classifiers", reason="media_undecodable", statement="The content could not be decoded."
)


def bare(**fields: object) -> Provenance:
    return Provenance.model_validate(
        {"presence": Presence.NONE, "validated_at": reports.WHEN} | fields
    )


def signed(origin: Origin, trust: SignerTrust = SignerTrust.TRUSTED, agent: str = "") -> Provenance:
    action = Action(name="c2pa.created", origin=origin, agent=agent)
    active = Manifest(
        label="a", depth=0, claim_version=2, integrity=Integrity.INTACT, actions=(action,)
    )
    return bare(
        presence=Presence.EMBEDDED,
        integrity=Integrity.INTACT,
        signer=Signer(organisation="Example AI", trust=trust),
        origin=origin,
        origin_signer_trust=trust,
        manifests=(active,),
    )


def scored(
    log10: float,
    alarm: Alarm = Alarm.NONE,
    segments: tuple[Segment, ...] = (),
    claim: Claim = Claim.GENERATED,
) -> Finding:
    return Finding(
        detector="video.frames",
        claim=claim,
        model="card",
        outcome=Outcome.SCORED,
        votes=True,
        raw=0.0,
        lr=LikelihoodRatio(log10=log10, low=log10 - 0.2, high=log10 + 0.2),
        alarm=alarm,
        segments=segments,
        seconds=0.1,
    )


def film(*ratios: float) -> tuple[Segment, ...]:
    """One second for each ratio."""
    return tuple(
        Segment(start=float(at), end=at + 1.0, log10_lr=ratio, label="shot 1")
        for at, ratio in enumerate(ratios)
    )


def said(
    provenance: Provenance | None = None,
    findings: tuple[Finding, ...] = (),
    watermarks: tuple[Watermark, ...] = (),
    missing: tuple[NotChecked, ...] = (),
) -> tuple[Verdict, str]:
    evidence = weigh(provenance, findings, watermarks)
    decision = decide(evidence, missing)
    facts = Facts(
        decision=decision,
        evidence=evidence,
        not_checked=missing,
        provenance=provenance,
        findings=findings,
        watermarks=watermarks,
    )
    return decision.verdict, headline(facts)


def test_every_signal_that_decides_has_a_sentence() -> None:
    assert set(BY_SIGNAL) == {signal for _, signals in TABLE for signal in signals}


@pytest.mark.parametrize(
    ("origin", "words"),
    [(Origin.AI_GENERATED, "AI generated this"), (Origin.AI_EDITED, "AI edited this")],
)
def test_signer_tool_and_kind_of_ai_are_named(origin: Origin, words: str) -> None:
    verdict, text = said(signed(origin, agent="Painter 3"))
    assert verdict is Verdict.VERIFIED_AI
    assert text == f"A trusted signer, Example AI, states that {words} (with Painter 3)."
    verdict, text = said(signed(origin, SignerTrust.UNTRUSTED, "Painter 3"))
    assert verdict is Verdict.DECLARED_AI
    assert "“Example AI”, who is on no configured trust list," in text
    assert f"{words} (with Painter 3)" in text


def test_a_marker_says_what_it_declares_and_that_nobody_signed_it() -> None:
    marker = Marker(
        name="m", family=MarkerFamily.IPTC, says=Says.AI_EDITED, where="XMP", tool="Painter"
    )
    _, text = said(bare(markers=(marker,)))
    assert text == (
        "Its metadata declares that AI edited this, and names Painter. Nobody signed that."
    )


def test_a_watermark_names_its_generator() -> None:
    mark = Watermark(
        name="SDXL",
        scheme=WatermarkScheme.DWT_DCT,
        generator="Stable Diffusion XL",
        matched=48,
        total=48,
        p_chance=1e-14,
    )
    assert "of Stable Diffusion XL" in said(bare(), watermarks=(mark,))[1]


def test_a_low_ratio_over_the_threshold_is_told_as_both() -> None:
    verdict, text = said(bare(), (scored(0.6, Alarm.FPR_1),))
    assert verdict is Verdict.LIKELY_SYNTHETIC
    assert "passes the threshold that 1 % of real media pass by chance" in text
    assert "4 times more likely if it is than otherwise" in text
    assert "likely synthetic" not in text


def test_an_audit_without_classifiers_says_that_nobody_looked_at_the_content() -> None:
    verdict, text = said(bare(), missing=(PROVENANCE_ONLY,))
    assert verdict is Verdict.NO_SIGN_FOUND
    assert text == (
        "No Content Credentials were found, and no declared marker of AI was found. The content "
        "itself was not looked at."
    )


@pytest.mark.parametrize(
    ("presence", "words"),
    [
        (Presence.UNSUPPORTED, "cannot be read from this kind of file"),
        (Presence.REMOTE_UNFETCHED, "only points to Content Credentials elsewhere"),
    ],
)
def test_credentials_that_were_not_read_are_not_called_absent(
    presence: Presence, words: str
) -> None:
    _, text = said(bare(presence=presence), missing=(PROVENANCE_ONLY,))
    assert words in text
    assert "No Content Credentials" not in text


def test_a_file_that_could_not_be_opened_is_said_not_to_have_been() -> None:
    verdict, text = said(bare(), missing=(DAMAGED,))
    assert verdict is Verdict.INCONCLUSIVE
    assert text == "No conclusion is possible. The content could not be decoded."


def test_silence_beside_a_failure_says_what_failed() -> None:
    gap = NotChecked(what="voice", reason="internal_error", statement="The voice was not judged.")
    verdict, text = said(bare(), (scored(-1.0),), missing=(gap,))
    assert verdict is Verdict.INCONCLUSIVE
    assert "The voice was not judged." in text


def test_silence_on_the_whole_is_not_the_headline_over_a_film_of_which_half_is_marked() -> None:
    half = scored(-0.5, segments=film(1.0, 1.0, 1.0, -2.0, -2.0, -2.0))
    verdict, text = said(bare(), (half,))
    assert verdict is Verdict.INCONCLUSIVE
    assert "3.0 of the 6.0 s that were judged lean to “generated by AI”" in text
    assert "No sign" not in text


def test_a_little_that_is_marked_is_told_beside_the_silence() -> None:
    few = scored(-0.5, segments=film(1.0, *[-2.0] * 9))
    verdict, text = said(bare(), (few,))
    assert verdict is Verdict.NO_SIGN_FOUND
    assert "1.0 of the 10.0 s" in text
    assert SUBSTANTIAL > 0.1


def test_nothing_marked_is_no_sign() -> None:
    assert said(bare(), (scored(-0.5, segments=film(-1.0, -1.0)),))[1] == NO_SIGN


def test_a_raised_score_is_no_conclusion() -> None:
    verdict, text = said(bare(), (scored(1.0, Alarm.FPR_5),))
    assert verdict is Verdict.INCONCLUSIVE
    assert "5 % of real media reach it by chance" in text


def test_a_hint_in_metadata_is_called_a_hint() -> None:
    marker = Marker(name="m", family=MarkerFamily.IPTC, says=Says.POSSIBLY_AI, where="PNG text")
    assert said(bare(markers=(marker,)))[1] == (
        "Unsigned metadata hints at AI (PNG text), but does not declare it."
    )


def test_without_any_evidence_nothing_is_claimed() -> None:
    assert said(None) == (Verdict.NOT_APPLICABLE, NO_METHOD)
    assert said(signed(Origin.OTHER)) == (Verdict.INCONCLUSIVE, NO_CONCLUSION)


def test_no_two_verdicts_are_headed_alike() -> None:
    heads = [make().headline for make in reports.BY_VERDICT.values()]
    assert len(set(heads)) == len(heads)
