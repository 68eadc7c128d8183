"""From a report and a policy to an action, in plain sentences: a pure function."""

from collections.abc import Iterator
from typing import Final

from service.language.languages import Language, speaking
from service.language.spoken import _
from service.policies.admitted import Admitted, admitted
from service.policies.document import Policy, Rule, Shortfall, When
from service.policies.wording import KINDS, SIGNALS, TRUSTS, either
from service.reporting.decision import PolicyAction, PolicyDecision
from service.reporting.report import Report
from service.reporting.wording import ACTIONS, VERDICTS

NAMED: Final = 5
"""Checks that failed and are named, at most."""


def decide(report: Report, policy: Policy) -> PolicyDecision:
    """What the policy does about the report.

    The first rule whose conditions hold gives the action, else the default does. A check that
    failed, or content that no classifier judged, can only make it stricter, unless the rule says
    that it rests on something else.
    """
    seen = admitted(report, policy)
    rule = next((rule for rule in policy.rules if _applies(rule.when, seen)), None)
    action = policy.default if rule is None else rule.action
    sentences = [*_why(rule, action, seen)]
    if seen.verdict is not report.verdict:
        sentences.append(
            f"At what the policy admits the verdict is {VERDICTS[seen.verdict]!r}; the report's is "
            f"{VERDICTS[report.verdict]!r}."
        )
    for shortfall, least, sentence in _shortfalls(seen, policy):
        if rule is not None and shortfall in rule.despite:
            sentences.append(f"{sentence} The rule holds despite that.")
            continue
        if least.severity > action.severity:
            action = least
            sentence = f"{sentence} So the action is {ACTIONS[least].lower()}."
        sentences.append(sentence)
    return PolicyDecision(
        policy=policy.name,
        version=policy.version,
        digest=policy.digest,
        action=action,
        rule=rule.name if rule is not None else None,
        because=tuple(sentences),
    )


def decided(report: Report, policy: Policy | None) -> Report:
    """The report with its decision; as it is where there is no policy."""
    if policy is None:
        return report
    with speaking(Language.ENGLISH):  # it is stored, whoever's request it was made in
        return report.model_copy(update={"decision": decide(report, policy)})


def _applies(when: When, seen: Admitted) -> bool:
    return (
        (when.verdicts is None or seen.verdict in when.verdicts)
        and (when.kinds is None or seen.kind in when.kinds)
        and (when.signals is None or not seen.signals.isdisjoint(when.signals))
        and (when.without_signals is None or seen.signals.isdisjoint(when.without_signals))
        and (when.trust is None or seen.trust in when.trust)
        and (when.signers is None or not seen.vouched.isdisjoint(when.signers))
        and (when.conflicts is None or bool(seen.conflicts) is when.conflicts)
    )


def _why(rule: Rule | None, action: PolicyAction, seen: Admitted) -> Iterator[str]:
    """The deciding sentence first, then what the author of the rule says about it."""
    does = ACTIONS[action].lower()
    if rule is None:
        verdict = VERDICTS[seen.verdict]
        yield f"No rule is for this {verdict!r}, so the action is the policy's default: {does}."
        return
    held = list(_held(rule.when, seen))
    if held:
        yield _(
            "The rule {name} says {does}: {held}.",
            name=repr(rule.name),
            does=does,
            held="; ".join(held),
        )
    else:
        yield _("The rule {name} says {does}, as it always does.", name=repr(rule.name), does=does)
    if rule.because is not None:
        yield rule.because
    if rule.when.conflicts:
        yield from seen.conflicts


def _held(when: When, seen: Admitted) -> Iterator[str]:
    if when.verdicts is not None:
        yield f"the verdict is {VERDICTS[seen.verdict]!r}"
    if when.kinds is not None:
        yield f"the file is {KINDS[seen.kind]}"
    if when.signals is not None:
        found = (signal for signal in when.signals if signal in seen.signals)
        yield " and ".join(SIGNALS[signal] for signal in dict.fromkeys(found))
    if when.without_signals is not None:
        absent = dict.fromkeys(when.without_signals)
        yield f"it is not so that {either(SIGNALS[signal] for signal in absent)}"
    if when.trust is not None and seen.trust is not None:
        yield TRUSTS[seen.trust]
    if when.signers is not None:
        signer = " / ".join(sorted(seen.vouched.intersection(when.signers)))
        yield f"it is signed by {signer}, whom a trust list vouches for"
    if when.conflicts is not None:
        if when.conflicts:
            yield "evidence contradicts other evidence"
        else:
            yield "evidence does not contradict other evidence"


def _shortfalls(seen: Admitted, policy: Policy) -> Iterator[tuple[Shortfall, PolicyAction, str]]:
    if seen.failed:
        named = ", ".join(seen.failed[:NAMED])
        if len(seen.failed) > NAMED:
            named += f" and {len(seen.failed) - NAMED} more"
        sentence = f"Not everything that should have been checked was: {named}."
        yield Shortfall.FAILED_CHECK, policy.on_failed_check, sentence
    if not seen.searched:
        sentence = "No classifier that the policy admits judged the content."
        yield Shortfall.NO_SEARCH, policy.on_no_search, sentence
