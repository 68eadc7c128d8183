"""What a policy does about a report: every condition, every shortfall, and what never happens."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Kind
from detectors.media.sniff import TracedAs
from detectors.result import Alarm, Claim, Finding, Outcome, Reason
from provenance.result import Integrity, Origin, Provenance, SignerTrust
from service.policies.admitted import admitted
from service.policies.decide import decide, decided
from service.policies.document import MediaKind, Policy, Shortfall, Threshold, checked
from service.policies.library import NAMES, built_in
from service.policies.wording import KINDS, SIGNALS, TRUSTS
from service.reporting.decision import PolicyAction
from service.reporting.report import NotChecked, Report, Signal, Verdict, read
from service.reporting.verdict import NOT_REQUESTED
from tests.service import reports

ALLOW, REVIEW, BLOCK = PolicyAction
OPEN = {"on_failed_check": "allow", "on_no_search": "allow"}


def policy(*rules: dict[str, Any], default: str = "review", **more: object) -> Policy:
    numbered = [{"name": f"rule {index}", **rule} for index, rule in enumerate(rules)]
    return checked({"name": "test", "rules": numbered, "default": default, **more})


def holds(report: Report, **when: object) -> bool:
    """Whether conditions hold about a report."""
    rule = {"when": when, "action": "block"}
    return decide(report, policy(rule, default="allow", **OPEN)).action is BLOCK


def failed_beside(*findings: Finding) -> Report:
    failed = reports.silent(
        Outcome.FAILED, Reason.INTERNAL_ERROR, detector="image.edits", explanation="It crashed."
    )
    return reports.report(findings=(*findings, failed))


def traced(traced_as: TracedAs | None) -> Report:
    report = reports.report()
    changed = {"kind": None, "traced_as": traced_as}
    return report.model_copy(update={"subject": report.subject.model_copy(update=changed)})


BY_VERDICT: dict[Verdict, Callable[[], Report]] = {
    Verdict.VERIFIED_CAPTURE: reports.verified_capture,
    Verdict.VERIFIED_AI: reports.verified_ai,
    Verdict.CREDENTIALS_BROKEN: reports.credentials_broken,
    Verdict.DECLARED_AI: reports.declared_ai,
    Verdict.LIKELY_SYNTHETIC: reports.likely_synthetic,
    Verdict.LIKELY_MANIPULATED: reports.likely_manipulated,
    Verdict.NO_SIGN_FOUND: reports.no_sign_found,
}


# --- rules --------------------------------------------------------------------------------------


def test_the_first_rule_that_applies_wins() -> None:
    report = reports.likely_synthetic()
    first = {"when": {"kinds": ["image"]}, "action": "review"}
    second = {"when": {"verdicts": ["likely_synthetic"]}, "action": "block"}
    assert decide(report, policy(first, second)).rule == "rule 0"
    assert decide(report, policy(second, first)).action is BLOCK


def test_without_a_rule_the_default_is_taken_and_says_so() -> None:
    found = decide(reports.no_sign_found(), policy(default="block"))
    assert found.action is BLOCK
    assert found.rule is None
    assert found.because == (
        "No rule is for this 'No sign found', so the action is the policy's default: block.",
    )


def test_a_rule_without_conditions_always_applies() -> None:
    found = decide(reports.no_sign_found(), policy({"when": {}, "action": "allow"}))
    assert (found.action, found.because) == (
        ALLOW,
        ("The rule 'rule 0' says allow, as it always does.",),
    )


@pytest.mark.parametrize("verdict", BY_VERDICT)
def test_a_rule_about_verdicts_applies_to_those_alone(verdict: Verdict) -> None:
    report = BY_VERDICT[verdict]()
    assert holds(report, verdicts=[verdict])
    assert not holds(report, verdicts=[other for other in Verdict if other is not verdict])


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        (reports.report(kind=Kind.IMAGE), MediaKind.IMAGE),
        (reports.report(kind=Kind.VIDEO), MediaKind.VIDEO),
        (reports.report(kind=Kind.AUDIO), MediaKind.AUDIO),
        (traced(TracedAs.DOCUMENT), MediaKind.DOCUMENT),
        (traced(TracedAs.CAMERA_RAW), MediaKind.IMAGE),
        (traced(TracedAs.DRAWING), MediaKind.IMAGE),
        (traced(TracedAs.PICTURE), MediaKind.IMAGE),
        (traced(TracedAs.ARCHIVE), MediaKind.OTHER),
        (traced(None), MediaKind.OTHER),
    ],
)
def test_every_file_has_one_kind(report: Report, kind: MediaKind) -> None:
    assert [other for other in MediaKind if holds(report, kinds=[other])] == [kind]


def test_all_conditions_of_a_rule_have_to_hold() -> None:
    report = reports.likely_synthetic()
    assert holds(report, verdicts=["likely_synthetic"], kinds=["image"])
    assert not holds(report, verdicts=["likely_synthetic"], kinds=["video"])


def test_signals_are_those_of_the_evidence() -> None:
    report = reports.declared_ai()
    assert holds(report, signals=["marked_ai", "broken"])
    assert not holds(report, signals=["synthetic"])
    assert holds(report, without_signals=["synthetic"])
    assert not holds(report, without_signals=["synthetic", "marked_ai"])


def test_evidence_that_contradicts_itself_can_be_asked_for() -> None:
    report = reports.report(
        provenance=reports.credentials(), findings=(reports.scored(2.0, Alarm.FPR_1),)
    )
    assert holds(report, conflicts=True)
    assert not holds(report, conflicts=False)
    assert not holds(reports.no_sign_found(), conflicts=True)
    found = decide(report, policy({"when": {"conflicts": True}, "action": "review"}))
    assert report.conflicts[0].statement in found.because


@pytest.mark.parametrize("trust", SignerTrust)
def test_the_trust_of_the_signer_is_that_of_the_report(trust: SignerTrust) -> None:
    report = reports.report(provenance=reports.credentials(trust=trust))
    assert [other for other in SignerTrust if holds(report, trust=[other])] == [trust]


def test_a_file_without_a_signer_has_no_trust_at_all() -> None:
    assert not holds(reports.no_sign_found(), trust=list(SignerTrust))


def test_a_signer_counts_by_name_only_where_a_trust_list_vouches() -> None:
    name = reports.SIGNER_NAME
    assert holds(reports.verified_capture(), signers=[name])
    assert not holds(reports.verified_capture(), signers=["Somebody else"])
    claimed = reports.report(provenance=reports.credentials(trust=SignerTrust.UNTRUSTED))
    assert not holds(claimed, signers=[name])


@pytest.mark.parametrize(
    "provenance",
    [
        reports.credentials(integrity=Integrity.ASSET_MISMATCH),
        reports.credentials(integrity=Integrity.SIGNATURE_BAD),
        reports.credentials(ancestor=Integrity.ASSET_MISMATCH),
    ],
)
def test_a_trusted_signer_vouches_for_nothing_that_was_changed(provenance: Provenance) -> None:
    report = reports.report(provenance=provenance)
    assert not holds(report, signers=[reports.SIGNER_NAME])
    assert not holds(report, trust=["trusted"])


# --- which evidence decides, and from where on --------------------------------------------------


def test_at_one_percent_a_policy_sees_what_the_report_says() -> None:
    for make in BY_VERDICT.values():
        assert admitted(make(), policy()).verdict is make().verdict


def test_at_five_percent_a_suspicion_becomes_an_accusation() -> None:
    report = reports.report(findings=(reports.scored(1.0, Alarm.FPR_5),))
    assert report.verdict is Verdict.INCONCLUSIVE
    strict = policy(
        {"when": {"verdicts": ["likely_synthetic"]}, "action": "block"},
        thresholds={"image": "fpr_5_percent"},
    )
    found = decide(report, strict)
    assert found.action is BLOCK
    assert "At what the policy admits the verdict is 'Likely synthetic'" in found.because[-1]


def test_a_threshold_is_for_classifiers_of_its_kind() -> None:
    report = reports.report(findings=(reports.scored(1.0, Alarm.FPR_5),))
    seen = admitted(report, policy(thresholds={"video": "fpr_5_percent"}))
    assert seen.verdict is Verdict.INCONCLUSIVE


def test_the_claim_says_which_accusation_it_is() -> None:
    finding = reports.scored(1.0, Alarm.FPR_5, detector="image.edits", claim=Claim.LOCAL_EDIT)
    seen = admitted(
        reports.report(findings=(finding,)), policy(thresholds={"image": "fpr_5_percent"})
    )
    assert seen.verdict is Verdict.LIKELY_MANIPULATED


@pytest.mark.parametrize(
    "left_out",
    [
        {"thresholds": {"image": "never"}},
        {"evidence": {"detectors": ["image.edits"]}},
    ],
)
def test_a_classifier_that_may_not_decide_neither_accuses_nor_clears(
    left_out: dict[str, Any],
) -> None:
    asked = policy(default="allow", **left_out)
    for report in (reports.likely_synthetic(), reports.no_sign_found()):
        seen = admitted(report, asked)
        assert seen.verdict is Verdict.NO_SIGN_FOUND
        assert not seen.searched
        assert decide(report, asked).action is REVIEW


def test_evidence_that_is_not_admitted_decides_nothing() -> None:
    report = reports.declared_ai()
    blind = policy(evidence={"signals": ["signed_ai", "synthetic"]})
    seen = admitted(report, blind)
    assert seen.signals == frozenset()
    assert seen.searched, "the classifier was asked, though its silence decides nothing"
    assert seen.verdict is not Verdict.DECLARED_AI


def test_detectors_without_a_vote_decide_nothing() -> None:
    report = reports.report(
        findings=(
            reports.scored(-0.5),
            reports.scored(3.0, Alarm.FPR_1, detector="image.spectrum", votes=False),
        )
    )
    assert not holds(report, signals=["synthetic"])


# --- failures and silence -----------------------------------------------------------------------


def test_a_check_that_failed_is_never_allowed_in_silence() -> None:
    report = failed_beside(reports.scored(-0.5))
    found = decide(report, policy(default="allow"))
    assert found.action is REVIEW
    assert found.because[-1] == (
        "Not everything that should have been checked was: image.edits (internal_error). So the "
        "action is review."
    )


def test_content_that_nothing_searched_is_never_allowed_in_silence() -> None:
    report = reports.report(
        missing=(NotChecked(what="classifiers", reason=NOT_REQUESTED, statement="Not asked."),)
    )
    found = decide(report, policy(default="allow"))
    assert found.action is REVIEW
    assert "No classifier that the policy admits judged the content." in found.because[-1]


def test_what_a_shortfall_asks_for_is_the_policys_to_say() -> None:
    report = failed_beside()
    assert decide(report, policy(default="allow", on_failed_check="block")).action is BLOCK
    assert decide(report, policy(default="allow", on_no_search="block")).action is BLOCK
    assert decide(report, policy(default="allow", **OPEN)).action is ALLOW


def test_a_rule_that_rests_on_what_was_found_may_hold_despite_it() -> None:
    report = reports.report(provenance=reports.credentials())
    rule = {"when": {"verdicts": ["verified_capture"]}, "action": "allow"}
    assert decide(report, policy(rule)).action is REVIEW
    found = decide(report, policy({**rule, "despite": ["no_search"]}))
    assert found.action is ALLOW
    assert "The rule holds despite that." in found.because[-1]


# --- the report ---------------------------------------------------------------------------------


def test_a_decision_names_the_policy_exactly() -> None:
    newsroom = built_in("newsroom")
    found = decide(reports.verified_capture(), newsroom)
    assert (found.policy, found.version, found.digest) == ("newsroom", 1, newsroom.digest)


def test_a_report_carries_its_decision_and_reads_back() -> None:
    report = decided(reports.verified_capture(), built_in("newsroom"))
    assert report.decision is not None
    assert read(report.model_dump_json()) == report


def test_a_report_without_a_policy_is_written_as_before() -> None:
    report = decided(reports.verified_capture(), None)
    assert "decision" not in report.model_dump_json()


def test_every_word_that_a_rule_may_use_can_be_said() -> None:
    assert set(SIGNALS) == set(Signal)
    assert set(TRUSTS) == set(SignerTrust)
    assert set(KINDS) == set(MediaKind)


# --- built-in policies --------------------------------------------------------------------------

EXPECTED = {
    "newsroom": {Verdict.VERIFIED_CAPTURE: ALLOW},
    "moderation": {Verdict.VERIFIED_CAPTURE: ALLOW, Verdict.NO_SIGN_FOUND: ALLOW},
    "no-ai": {
        Verdict.VERIFIED_CAPTURE: ALLOW,
        Verdict.NO_SIGN_FOUND: ALLOW,
        Verdict.VERIFIED_AI: BLOCK,
    },
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verdict", BY_VERDICT)
def test_what_the_built_in_policies_do(name: str, verdict: Verdict) -> None:
    found = decide(BY_VERDICT[verdict](), built_in(name))
    assert found.action is EXPECTED[name].get(verdict, REVIEW)


def test_a_declaration_and_a_classifier_together_block_where_no_ai_is_taken() -> None:
    marked = reports.bare(reports.marker())
    both = reports.report(provenance=marked, findings=(reports.scored(2.0, Alarm.FPR_1),))
    assert decide(both, built_in("no-ai")).action is BLOCK


DETECTORS = (
    ("image.network", Claim.GENERATED),
    ("image.edits", Claim.LOCAL_EDIT),
    ("image.face_swap", Claim.FACE_SWAP),
    ("audio.speech", Claim.SYNTHETIC_SPEECH),
)


@st.composite
def findings(draw: st.DrawFn) -> tuple[Finding, ...]:
    made = []
    for detector, claim in draw(st.lists(st.sampled_from(DETECTORS), unique=True)):
        if draw(st.booleans()):
            alarm = draw(st.sampled_from(Alarm))
            log10 = draw(st.floats(-3, 4))
            made.append(reports.scored(log10, alarm, detector=detector, claim=claim))
        else:
            outcome, reason = draw(
                st.sampled_from(
                    [
                        (Outcome.FAILED, Reason.INTERNAL_ERROR),
                        (Outcome.NOT_APPLICABLE, Reason.TOO_SMALL),
                    ]
                )
            )
            made.append(reports.silent(outcome, reason, detector=detector))
    return tuple(made)


SIGNED = st.builds(
    reports.credentials,
    origin=st.sampled_from(Origin),
    integrity=st.sampled_from(Integrity),
    trust=st.sampled_from(SignerTrust),
)
PROVENANCE = st.one_of(st.just(reports.bare()), st.just(reports.bare(reports.marker())), SIGNED)
KINDS_OF_MEDIA = st.sampled_from(Kind)
REPORTS = st.builds(reports.report, kind=KINDS_OF_MEDIA, provenance=PROVENANCE, findings=findings())

CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "verdicts": st.lists(st.sampled_from([*Verdict]), min_size=1),
        "kinds": st.lists(st.sampled_from([*MediaKind]), min_size=1),
        "signals": st.lists(st.sampled_from([*Signal]), min_size=1),
        "without_signals": st.lists(st.sampled_from([*Signal]), min_size=1),
        "trust": st.lists(st.sampled_from([*SignerTrust]), min_size=1),
        "conflicts": st.booleans(),
    },
)
ACTIONS = st.sampled_from([*PolicyAction])
RULES = st.fixed_dictionaries(
    {"when": CONDITIONS, "action": ACTIONS, "despite": st.lists(st.sampled_from([*Shortfall]))}
)
POLICIES = st.builds(
    lambda rules, default, failed, silent, points: policy(
        *rules,
        default=default,
        on_failed_check=failed,
        on_no_search=silent,
        thresholds=dict(zip(("image", "video", "audio"), points, strict=True)),
    ),
    st.lists(RULES, max_size=4),
    ACTIONS,
    ACTIONS,
    ACTIONS,
    st.tuples(*itertools.repeat(st.sampled_from([*Threshold]), 3)),
)


@settings(max_examples=150, deadline=None)
@given(REPORTS, POLICIES)
def test_a_decision_is_the_same_every_time_and_after_writing_and_reading(
    report: Report, asked: Policy
) -> None:
    first = decide(report, asked)
    again = decide(
        read(report.model_dump_json()), Policy.model_validate_json(asked.model_dump_json())
    )
    assert first == again
    assert all(sentence.endswith(".") for sentence in first.because)


@settings(max_examples=150, deadline=None)
@given(REPORTS, POLICIES)
def test_a_shortfall_makes_a_rule_stricter_and_never_milder(report: Report, asked: Policy) -> None:
    found = decide(report, asked)
    rule = next((item for item in asked.rules if item.name == found.rule), None)
    planned = asked.default if rule is None else rule.action
    seen = admitted(report, asked)
    floors = [planned]
    if seen.failed and not (rule and Shortfall.FAILED_CHECK in rule.despite):
        floors.append(asked.on_failed_check)
    if not seen.searched and not (rule and Shortfall.NO_SEARCH in rule.despite):
        floors.append(asked.on_no_search)
    assert found.action is max(floors, key=lambda action: action.severity)


@settings(max_examples=100, deadline=None)
@given(KINDS_OF_MEDIA, findings(), st.sampled_from(NAMES))
def test_classifiers_alone_never_block_in_a_built_in_policy(
    kind: Kind, found: tuple[Finding, ...], name: str
) -> None:
    report = reports.report(kind=kind, findings=found)
    assert decide(report, built_in(name)).action is not BLOCK


@settings(max_examples=200, deadline=None)
@given(
    KINDS_OF_MEDIA,
    PROVENANCE,
    findings(),
    st.sampled_from([Alarm.FPR_1, Alarm.FPR_5]),
    st.sampled_from([Claim.GENERATED, Claim.LOCAL_EDIT]),
    st.booleans(),
    st.sampled_from(NAMES),
)
def test_another_alarm_or_failure_never_makes_a_built_in_policy_milder(
    kind: Kind,
    provenance: Provenance,
    found: tuple[Finding, ...],
    alarm: Alarm,
    claim: Claim,
    fails: bool,  # noqa: FBT001 (drawn)
    name: str,
) -> None:
    more = (
        reports.silent(Outcome.FAILED, Reason.INTERNAL_ERROR, detector="image.more")
        if fails
        else reports.scored(1.0, alarm, detector="image.more", claim=claim)
    )
    before = reports.report(kind=kind, provenance=provenance, findings=found)
    after = reports.report(kind=kind, provenance=provenance, findings=(*found, more))
    mild = decide(before, built_in(name)).action
    assert decide(after, built_in(name)).action.severity >= mild.severity
