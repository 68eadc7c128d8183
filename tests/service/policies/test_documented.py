"""docs/policies.md says what the code does."""

import json
import re
from pathlib import Path

import pytest

from service.errors import PolicyInvalid
from service.policies.document import When, read
from service.policies.library import NAMES

PAGE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text()


def test_the_example_is_a_policy() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert read(example).name == "desk"


def test_the_mistake_is_refused_in_the_words_shown() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    document = json.loads(example)
    document["rules"][0]["when"] = {"verdicts": ["verified_al"]}
    with pytest.raises(PolicyInvalid) as refused:
        read(json.dumps(document))
    assert f"`{refused.value}`" in PAGE


def test_every_condition_and_every_policy_that_ships_is_in_a_table() -> None:
    named = set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))
    assert named == {*When.model_fields, *NAMES}
