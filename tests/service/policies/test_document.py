"""A policy that is not one is refused with the place and a sentence; a good one reads back the same."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import PolicyInvalid, PolicyNotFound
from service.policies import document
from service.policies.document import MAX_BYTES, MAX_RULES, Policy, read
from service.policies.library import NAMES, built_in, named, text_of

SCHEMA = Path(document.__file__).with_name("policy.schema.json")
GOOD: dict[str, Any] = {
    "name": "desk",
    "rules": [{"name": "a", "when": {"verdicts": ["declared_ai"]}, "action": "review"}],
    "default": "review",
}


def made(**changed: object) -> str:
    return json.dumps({**GOOD, **changed})


def rule(**changed: object) -> str:
    return made(rules=[{**GOOD["rules"][0], **changed}])


def when(**conditions: object) -> str:
    return rule(when=conditions)


MALFORMED = {
    "": ("$", "this is not JSON"),
    "{": ("$", "this is not JSON"),
    "\ufeff{}": ("$", "this is not JSON"),
    "[" * 100_000: ("$", "this is not JSON"),
    "9" * 5000: ("$", "this is not JSON"),
    '{"name": "a", "name": "b"}': ("$", "the field 'name' is there twice"),
    "[]": ("$", "object"),
    "null": ("$", "object"),
    "{}": ("$.name", "this field is needed"),
    made(name="Desk"): ("$.name", "match pattern"),
    made(name="\ud800"): ("$", "JSON"),
    made(schema_version="2"): ("$.schema_version", "'1'"),
    made(version=0): ("$.version", "greater than or equal to 1"),
    made(version=True): ("$.version", "integer"),
    made(version="1"): ("$.version", "integer"),
    made(version=2**31): ("$.version", "less than or equal to"),
    made(default="alow"): ("$.default", "did you mean allow?"),
    made(default=None): ("$.default", "input should be 'allow'"),
    made(on_failed_chek="review"): ("$.on_failed_chek", "did you mean on_failed_check?"),
    made(**{"a b\n": 1}): ("$['a b\\n']", "there is no field"),
    made(rules={}): ("$.rules", "array"),
    made(rules=[7]): ("$.rules[0]", "object"),
    made(rules=GOOD["rules"] * 2): ("$.rules[1].name", "another rule is called 'a' too"),
    made(rules=GOOD["rules"] * (MAX_RULES + 1)): ("$.rules", "at most 200"),
    made(thresholds={"image": 0.05}): ("$.thresholds.image", "'fpr_5_percent'"),
    made(thresholds={"image": "fpr_5_percnt"}): (
        "$.thresholds.image",
        "did you mean fpr_5_percent?",
    ),
    made(thresholds={"document": "never"}): ("$.thresholds.document", "there is no field"),
    made(evidence={"signals": ["synthetik"]}): ("$.evidence.signals[0]", "did you mean synthetic?"),
    made(evidence={"detectors": [""]}): ("$.evidence.detectors[0]", "match pattern"),
    rule(name=""): ("$.rules[0].name", "match pattern"),
    rule(name="a\x1b[31m"): ("$.rules[0].name", "match pattern"),
    rule(action="delete"): ("$.rules[0].action", "there is no value 'delete'"),
    rule(despite=["failed"]): ("$.rules[0].despite[0]", "did you mean failed_check?"),
    rule(when=None): ("$.rules[0].when", "object"),
    when(verdict=["declared_ai"]): ("$.rules[0].when.verdict", "did you mean verdicts?"),
    when(verdicts=[]): ("$.rules[0].when.verdicts", "name at least one"),
    when(verdicts="declared_ai"): ("$.rules[0].when.verdicts", "array"),
    when(verdicts=["authentic"]): ("$.rules[0].when.verdicts[0]", "there is no value 'authentic'"),
    when(kinds=["image", "photo"]): ("$.rules[0].when.kinds[1]", "there is no value 'photo'"),
    when(trust=["known"]): ("$.rules[0].when.trust[0]", "did you mean unknown?"),
    when(conflicts="yes"): ("$.rules[0].when.conflicts", "boolean"),
    when(signers=["x" * 301]): ("$.rules[0].when.signers[0]", "at most 300"),
}


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:60])
def test_a_malformed_policy_is_refused_with_the_place_and_a_sentence(text: str) -> None:
    where, sentence = MALFORMED[text]
    with pytest.raises(PolicyInvalid) as refused:
        read(text)
    found = dict(refused.value.problems)
    assert where in found
    assert sentence in found[where]
    assert f"{where}: {found[where]}" in str(refused.value)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        read(made(default="alow", thresholds={"image": "x"}))
    assert [where for where, _ in refused.value.problems] == ["$.thresholds.image", "$.default"]


def test_a_policy_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(PolicyInvalid, match="at most"):
        read(b" " * (MAX_BYTES + 1))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_whatever_is_sent_is_a_policy_or_refused(untrusted: bytes | str) -> None:
    with pytest.raises(PolicyInvalid):
        read(untrusted)


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text() == document.schema(), "run: python -m service.policies.document"


def test_the_schema_takes_what_is_read_and_refuses_what_is_refused() -> None:
    checker = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for name in NAMES:
        assert checker.is_valid(json.loads(text_of(name)))
    assert not checker.is_valid(json.loads(when(verdicts=["authentic"])))
    assert not checker.is_valid(json.loads(made(more=1)))


def test_the_digest_is_of_the_content_and_not_of_its_spelling() -> None:
    plain = read(made())
    spelt = read(json.dumps({"version": 1, **dict(reversed(GOOD.items()))}, indent=4))
    assert plain.digest == spelt.digest
    assert read(made(default="block")).digest != plain.digest
    assert read(made(version=2)).digest != plain.digest


@pytest.mark.parametrize("name", NAMES)
def test_built_in_policies_read_and_are_called_what_their_file_is(name: str) -> None:
    policy = built_in(name)
    assert policy.name == name
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_a_policy_is_found_by_name_or_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "desk"
    path.write_text(made())
    assert named(str(path)).name == "desk"
    assert named("newsroom") == built_in("newsroom")
    with pytest.raises(PolicyNotFound, match="did you mean newsroom"):
        named("newsrom")
    with pytest.raises(FileNotFoundError):
        named(str(tmp_path / "absent.json"))
