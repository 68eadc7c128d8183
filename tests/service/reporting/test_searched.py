"""Every text of a report is searched for names, a field that is new included."""

import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from provenance.declared import Marker, Stated, StatedIn, Topic
from provenance.result import Ingredient, Integrity, Manifest
from service.reporting.decision import PolicyAction, PolicyDecision
from service.reporting.discreet import discreet
from service.reporting.report import Report
from service.reporting.searched import ALL, UNSEARCHED
from tests.service import reports

NAME = "Vera Source"
TEXT = f"told by {NAME} herself"
AUTHOR = Stated(topic=Topic.AUTHOR, by=StatedIn.IPTC, where="Byline", value=NAME)


def filled(kind: type[BaseModel]) -> Any:
    """One with the name in every text that it has, unchecked."""
    made = {name: value_of(field.annotation) for name, field in kind.model_fields.items()}
    return kind.model_construct(**made)


def value_of(kind: Any) -> Any:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return value_of(inside[0])
    if origin in (Union, types.UnionType):
        return value_of(next(it for it in inside if it is not type(None)))
    if origin is Literal:
        return inside[0]
    if origin is tuple:
        return (value_of(inside[0]),) * (1 if inside[1:] == (...,) else len(inside))
    if origin is dict:
        return {value_of(inside[0]): value_of(inside[1])}
    if kind is Stated:
        return AUTHOR
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return filled(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    return {str: TEXT, bool: True, int: 1, float: 0.5}.get(kind)


def naming(value: object, at: str = "") -> Iterator[str]:
    """Where the name stands, as "Model.field"."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from naming(getattr(value, name), f"{type(value).__name__}.{name}")
    elif isinstance(value, tuple):
        for item in value:
            yield from naming(item, at)
    elif isinstance(value, dict):
        for pair in value.items():
            yield from naming(pair, at)
    elif isinstance(value, str) and NAME in value:
        yield at


def test_a_name_is_left_in_no_text_but_those_that_are_said_to_hold_none() -> None:
    whole = filled(Report)
    said = set(naming(whole))
    assert len(said) > 100
    open_to_all = {
        f"{kind.__name__}.{name}"
        for kind, names in UNSEARCHED.items()
        if kind not in (Manifest, Ingredient)
        for name in (kind.model_fields if names is ALL else names)
    }
    assert said - open_to_all
    assert set(naming(discreet(whole))) <= open_to_all


def test_what_is_said_not_to_be_searched_is_there() -> None:
    for kind, names in UNSEARCHED.items():
        assert names is ALL or names <= set(kind.model_fields), kind


def marked(**texts: str) -> Report:
    marker = reports.marker(tool="Editor").model_copy(update=texts)
    found = reports.bare(marker).model_copy(update={"stated": (AUTHOR,)})
    return reports.report(provenance=found)


@pytest.mark.parametrize("texts", [{"tool": f"{NAME}'s editor"}, {"where": f"PNG tEXt {NAME}"}])
def test_a_marker_is_named_without_the_name_also_in_the_sentences_about_it(
    texts: dict[str, str],
) -> None:
    whole = marked(**texts)
    assert NAME in whole.evidence[0].statement
    left = discreet(whole)
    assert NAME not in left.model_dump_json()
    (text,) = texts.values()
    assert text.replace(NAME, "…") in left.evidence[0].statement
    assert isinstance(left.provenance.markers[0] if left.provenance else None, Marker)


def test_a_name_that_is_an_ordinary_word_cuts_nothing_out_of_what_is_said() -> None:
    plain = reports.no_sign_found()
    author = AUTHOR.model_copy(update={"value": "not"})
    found = reports.bare().model_copy(update={"stated": (author,)})
    whole = plain.model_copy(update={"provenance": found})
    assert discreet(whole).headline == whole.headline
    assert [it.statement for it in discreet(whole).evidence] == [
        it.statement for it in whole.evidence
    ]


def test_what_a_policy_says_is_searched() -> None:
    decision = PolicyDecision(
        policy="desk",
        version=1,
        digest="0" * 64,
        action=PolicyAction.REVIEW,
        rule=f"ask {NAME}",
        because=("The rule says review.", f"Call {NAME} first."),
    )
    left = discreet(marked().model_copy(update={"decision": decision})).decision
    assert left is not None
    assert (left.rule, left.because) == ("ask …", ("The rule says review.", "Call … first."))


def relabelled(labels: tuple[str, str]) -> Report:
    """Credentials of a file and of its ingredient, under these labels."""
    found = reports.credentials(ancestor=Integrity.INTACT)
    new = dict(zip((it.label for it in found.manifests), labels, strict=True))
    manifests = tuple(
        it.model_copy(
            update={
                "label": new[it.label],
                "ingredients": tuple(
                    part.model_copy(update={"manifest": new.get(part.manifest or "")})
                    for part in it.ingredients
                ),
            }
        )
        for it in found.manifests
    )
    found = found.model_copy(update={"manifests": manifests, "stated": (AUTHOR,)})
    return reports.report(provenance=found)


@pytest.mark.parametrize("labels", [(f"a:{NAME}", f"b:{NAME}"), (NAME, NAME.upper())])
def test_labels_lose_the_name_and_ingredients_still_lead_to_their_manifests(
    labels: tuple[str, str],
) -> None:
    left = discreet(relabelled(labels)).provenance
    assert left is not None
    assert NAME.casefold() not in left.model_dump_json().casefold()
    top, below = left.manifests
    assert top.label != below.label
    assert [part.manifest for part in top.ingredients if part.manifest] == [below.label]
