"""Credentials as evidence: each class of failure has its words, and only a change is called one."""

from datetime import UTC, datetime, timedelta

import pytest

from provenance.result import (
    Check,
    Ingredient,
    Integrity,
    Manifest,
    Origin,
    Presence,
    Provenance,
    Signer,
    SignerTrust,
    Span,
    Timestamp,
    TimestampStatus,
)
from provenance.statuses import STATUSES, StatusClass
from service.reporting.credential_gaps import gaps_in
from service.reporting.credential_words import INTEGRITIES
from service.reporting.credentials import CHANGES, FAULTS, evidence_of, fault_in, words_for
from service.reporting.headline import Facts, headline
from service.reporting.report import Evidence, Signal, Verdict
from service.reporting.verdict import decide

NOW = datetime(2026, 11, 28, tzinfo=UTC)
RAW = "asset hash error, name: jumbf manifest, error: hash verification( Hashes do not match )"
ACCUSING = ("changed", "altered", "tampered", "manipulat", "forged")
OWN = {
    Integrity.ASSET_MISMATCH: StatusClass.CHANGED,
    Integrity.MANIFEST_ALTERED: StatusClass.CHANGED,
    Integrity.SIGNATURE_BAD: StatusClass.CHANGED,
    Integrity.NOT_COVERED: StatusClass.NOT_COVERED,
    Integrity.MALFORMED: StatusClass.MALFORMED,
    Integrity.NOT_CHECKED: StatusClass.UNREADABLE,
}
VERDICTS = {
    StatusClass.CHANGED: Verdict.CREDENTIALS_BROKEN,
    StatusClass.NOT_COVERED: Verdict.INCONCLUSIVE,
    StatusClass.MALFORMED: Verdict.INCONCLUSIVE,
    StatusClass.BROKEN_BEFORE: Verdict.INCONCLUSIVE,
    StatusClass.REVOCATION: Verdict.INCONCLUSIVE,
    StatusClass.UNREADABLE: Verdict.INCONCLUSIVE,
}
HARMLESS = {
    StatusClass.TRUST,
    StatusClass.EXPIRY,
    StatusClass.TIMESTAMP,
    StatusClass.IDENTITY,
    StatusClass.NOTE,
    StatusClass.GOOD,
}


def read(**fields: object) -> Provenance:
    signer = Signer(organisation="Example Camera Works", trust=SignerTrust.TRUSTED)
    common = {
        "presence": Presence.EMBEDDED,
        "integrity": Integrity.INTACT,
        "signer": signer,
        "origin_signer_trust": SignerTrust.TRUSTED,
        "validated_at": NOW,
    }
    return Provenance.model_validate(common | fields)


def broken_chain(fault: StatusClass, **fields: object) -> Provenance:
    check = Check(code="claimSignature.mismatch", explanation=RAW, status=StatusClass.CHANGED)
    part = Ingredient(title="stall.jpg", manifest="part", failures=(check,))
    active = Manifest(
        label="active", depth=0, claim_version=2, integrity=Integrity.INTACT, ingredients=(part,)
    )
    return read(chain_ok=False, fault=fault, manifests=(active,), **fields)


def only(found: Provenance) -> Evidence:
    (item,) = evidence_of(found)
    return item


def verdict(found: Provenance) -> Verdict:
    return decide(tuple(evidence_of(found)), tuple(gaps_in(found))).verdict


def head(found: Provenance) -> str:
    evidence, missing = tuple(evidence_of(found)), tuple(gaps_in(found))
    decision = decide(evidence, missing)
    return headline(
        Facts(decision=decision, evidence=evidence, not_checked=missing, provenance=found)
    )


def test_every_class_has_its_words_or_leaves_credentials_what_they_are() -> None:
    assert set(FAULTS) == set(VERDICTS)
    assert set(FAULTS) | HARMLESS == set(StatusClass)
    assert {status for status, _ in STATUSES.values()} <= set(FAULTS) | HARMLESS


@pytest.mark.parametrize("status", sorted(FAULTS))
def test_only_a_shown_change_says_so(status: StatusClass) -> None:
    words = (FAULTS[status].headline + FAULTS[status].sentence).lower()
    assert FAULTS[status].headline.endswith(".")
    accuses = any(word in words for word in ACCUSING)
    assert accuses == (status is StatusClass.CHANGED)
    assert (FAULTS[status].signal is Signal.BROKEN) == (status is StatusClass.CHANGED)


@pytest.mark.parametrize("integrity", sorted(OWN))
def test_each_state_of_the_own_manifest_has_its_verdict(integrity: Integrity) -> None:
    found = read(integrity=integrity, integrity_code="some.code", integrity_explanation=RAW)
    assert fault_in(found) is OWN[integrity]
    assert verdict(found) is VERDICTS[OWN[integrity]]
    said = " ".join(
        (head(found), *(i.statement for i in evidence_of(found)), *INTEGRITIES[integrity])
    )
    assert any(w in said.lower() for w in ACCUSING) == (OWN[integrity] is StatusClass.CHANGED)
    assert RAW not in said + "".join(item.statement for item in gaps_in(found))


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_failure_of_the_history_has_its_verdict(fault: StatusClass) -> None:
    found = broken_chain(fault)
    assert verdict(found) is VERDICTS[fault]
    assert "“stall.jpg”" in only(found).statement
    assert RAW not in only(found).statement
    changed = any(w in only(found).statement.lower() + head(found).lower() for w in ACCUSING[:1])
    assert not changed or fault is StatusClass.CHANGED


def test_a_broken_chain_of_a_record_without_classes_accuses_nobody() -> None:
    found = broken_chain(StatusClass.CHANGED).model_copy(update={"fault": None})
    assert only(found).signal is Signal.UNRELIABLE


@pytest.mark.parametrize(
    "integrity", [Integrity.MALFORMED, Integrity.NOT_COVERED, Integrity.NOT_CHECKED]
)
def test_ai_declared_in_unreliable_credentials_is_declared_by_nobody(integrity: Integrity) -> None:
    found = read(integrity=integrity, origin=Origin.AI_GENERATED, integrity_code="x.y")
    assert verdict(found) is Verdict.DECLARED_AI
    said = head(found) + only(found).statement
    assert "AI generated" in said
    assert "Example Camera Works" not in said


def test_a_captured_origin_in_unreliable_credentials_verifies_nothing() -> None:
    found = read(integrity=Integrity.NOT_COVERED, origin=Origin.CAPTURED)
    assert verdict(found) is Verdict.INCONCLUSIVE


def test_bytes_that_were_only_appended_are_counted_and_the_rest_is_cleared() -> None:
    found = read(integrity=Integrity.ASSET_MISMATCH, unsigned=(Span(start=900, length=1_234),))
    assert "1,234 bytes were added after the end" in only(found).statement
    assert "Everything before that is as it was signed" in head(found)
    assert verdict(found) is Verdict.CREDENTIALS_BROKEN


def test_unsigned_bytes_beside_intact_credentials_are_told_and_decide_nothing() -> None:
    found = read(origin=Origin.CAPTURED, unsigned=(Span(start=900, length=1_234),))
    assert verdict(found) is Verdict.VERIFIED_CAPTURE
    assert "1,234 bytes from byte 900 on that nobody signed" in only(found).statement
    assert "nobody signed 1,234 bytes" in head(found)


def expired(*, stamped: datetime | None = None) -> Provenance:
    signer = Signer(
        organisation="OpenAI",
        trust=SignerTrust.EXPIRED,
        valid_from=NOW - timedelta(days=400),
        valid_until=NOW - timedelta(days=30),
        explanation="the certificate has since expired, and no trusted time stamp shows when it "
        "was used",
    )
    stamp = Timestamp(status=TimestampStatus.UNTRUSTED, at=stamped) if stamped else Timestamp()
    return read(
        signer=signer,
        timestamp=stamp,
        origin=Origin.AI_GENERATED,
        origin_signer_trust=SignerTrust.EXPIRED,
    )


def test_nobody_is_said_to_have_used_an_expired_certificate() -> None:
    said = only(expired()).statement
    assert "has since expired" in said
    assert "used an expired" not in said
    assert "whose certificate has since expired" in head(expired())


def test_the_day_that_an_unlisted_authority_gives_is_told() -> None:
    day = NOW - timedelta(days=100)
    assert f"it was valid on {day:%Y-%m-%d}" in only(expired(stamped=day)).statement
    late = NOW - timedelta(days=3)
    assert "it was valid on" not in only(expired(stamped=late)).statement


def test_a_store_that_could_not_be_read_is_a_gap_in_our_own_words() -> None:
    found = read(
        presence=Presence.UNREADABLE,
        integrity=Integrity.NOT_CHECKED,
        integrity_code="manifest_damaged",
        integrity_explanation="Verify: invalid JUMBF header",
        signer=None,
    )
    assert list(evidence_of(found)) == []
    (gap,) = gaps_in(found)
    assert "JUMBF" not in gap.statement
    assert "could not be read" in head(found)


def test_intact_credentials_have_no_words_of_failure() -> None:
    assert words_for(read()) is None
    assert set(CHANGES) - set(OWN) == {Integrity.INTACT}
