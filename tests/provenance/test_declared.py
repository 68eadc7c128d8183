"""Wherever signed data declares AI, a trusted file does not pass as a capture."""

from typing import Any

import pytest

from provenance.origin import source_type, strongest_type
from provenance.result import Origin, Provenance, SignerTrust, TrustKind
from provenance.signals import Inception, Transformation
from tests.provenance.conftest import Read
from tests.signing import AI_EDITED, AI_GENERATED, CAPTURED, DRAWN, Credential, Parent, action, sign

Trusted = tuple[TrustKind, str]
TAKEN = action(source_type=CAPTURED)


def signed(
    photo: bytes,
    credential: Credential,
    *assertions: dict[str, Any],
    actions: dict[str, Any] | None = None,
) -> bytes:
    stated = {"label": "c2pa.actions.v2", "data": actions or {"actions": [TAKEN]}}
    return sign(photo, credential, definition={"assertions": [stated, *assertions]}).data


def without_manifest(photo: bytes, credential: Credential, **fields: object) -> bytes:
    """Sign over an ingredient that brings no credentials, described by the signer alone."""
    ingredient = {"title": "part", "format": "image/jpeg", "instance_id": "xmp:iid:part", **fields}
    use: dict[str, Any] = {"parameters": {"ingredientIds": ["xmp:iid:part"]}}
    actions = (
        [action("c2pa.opened", **use)]
        if fields["relationship"] == "parentOf"
        else [action(source_type=DRAWN, **use), action("c2pa.placed", **use)]
    )
    return sign(
        photo,
        credential,
        definition={
            "ingredients": [ingredient],
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
        },
    ).data


def metadata(data: dict[str, Any], label: str = "cawg.metadata") -> dict[str, Any]:
    context = {"@context": {"Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"}}
    return {"label": label, "data": {**context, **data}, "kind": "Json"}


def origin(found: Provenance) -> tuple[Origin, SignerTrust]:
    return found.origin, found.origin_signer_trust


@pytest.mark.parametrize("template", ["c2pa.color_adjustments", "*"])
def test_an_action_declares_what_its_template_says(
    template: str, photo: bytes, credential: Credential, trusted: Trusted, read: Read
) -> None:
    data = signed(
        photo,
        credential,
        actions={
            "actions": [TAKEN, action("c2pa.color_adjustments")],
            "templates": [
                {"action": template, "digitalSourceType": AI_EDITED, "description": "by a model"}
            ],
        },
    )
    found = read(data, trusted)
    assert origin(found) == (Origin.AI_EDITED, SignerTrust.TRUSTED)
    adjusted = found.manifests[0].actions[1]
    assert (adjusted.source_type, adjusted.description) == (
        "compositeWithTrainedAlgorithmicMedia",
        "by a model",
    )


def test_of_two_templates_for_one_action_the_one_that_declares_ai_is_not_lost(
    photo: bytes, credential: Credential, trusted: Trusted, read: Read
) -> None:
    kinds = (CAPTURED, AI_EDITED)
    templates = [{"action": "c2pa.color_adjustments", "digitalSourceType": k} for k in kinds]
    actions = {"actions": [TAKEN, action("c2pa.color_adjustments")], "templates": templates}
    assert read(signed(photo, credential, actions=actions), trusted).origin is Origin.AI_EDITED


def test_a_template_that_no_action_uses_states_nothing_done(
    photo: bytes, credential: Credential, trusted: Trusted, read: Read
) -> None:
    templates = [{"action": "c2pa.drawing", "digitalSourceType": AI_GENERATED}]
    data = signed(photo, credential, actions={"actions": [TAKEN], "templates": templates})
    assert read(data, trusted).origin is Origin.CAPTURED


def test_an_action_takes_back_no_ai_of_a_template_it_uses(
    photo: bytes, credential: Credential, trusted: Trusted, read: Read
) -> None:
    templates = [{"action": "*", "digitalSourceType": AI_GENERATED}]
    data = signed(photo, credential, actions={"actions": [TAKEN], "templates": templates})
    assert read(data, trusted).origin is Origin.AI_GENERATED


def test_a_related_action_declares_as_any_other(
    photo: bytes, credential: Credential, trusted: Trusted, read: Read
) -> None:
    related = action("c2pa.edited", AI_EDITED)
    adjusted = action("c2pa.color_adjustments", related=[related])
    data = signed(photo, credential, actions={"actions": [TAKEN, adjusted]})
    assert read(data, trusted).origin is Origin.AI_EDITED


@pytest.mark.parametrize(
    ("label", "data"),
    [
        ("cawg.metadata", {"Iptc4xmpExt:DigitalSourceType": AI_GENERATED}),
        ("c2pa.metadata", {"iptc:digitalSourceType": {"@id": AI_GENERATED}}),
        ("stds.iptc", {"http://iptc.org/std/Iptc4xmpExt/2008-02-29/DigitalSourceType": AI_EDITED}),
        ("org.example.notes", {"deep": [{"er": {"x:DigitalSourceType": [CAPTURED, AI_EDITED]}}]}),
        ("cawg.metadata", {"Iptc4xmpExt:AISystemUsed": "Imagen"}),
        ("cawg.metadata", {"Iptc4xmpExt:AIPromptInformation": {"en": "a cat"}}),
        ("cawg.metadata", {"TC260:AIGC": {"Label": "1", "ContentProducer": "somebody"}}),
        ("cawg.metadata", {"xmp:CreatorTool": "Midjourney 7"}),
        ("cawg.metadata", {"photoshop:Credit": "Made with Google AI"}),
        (
            "stds.schema-org.CreativeWork",
            {
                "@type": "CreativeWork",
                "digitalSourceType": "https://schema.org/TrainedAlgorithmicMediaDigitalSource",
            },
        ),
        ("c2pa.ai-disclosure", {"modelType": "c2pa.types.model", "modelName": "m"}),
    ],
)
def test_any_signed_assertion_that_declares_ai_counts(
    label: str,
    data: dict[str, Any],
    photo: bytes,
    credential: Credential,
    trusted: Trusted,
    read: Read,
) -> None:
    found = read(signed(photo, credential, metadata(data, label)), trusted)
    assert found.origin in (Origin.AI_GENERATED, Origin.AI_EDITED)
    assert found.origin_signer_trust is SignerTrust.TRUSTED
    assert [item.assertion for item in found.manifests[0].statements] == [label]


@pytest.mark.parametrize(
    "data",
    [
        {"Iptc4xmpExt:DigitalSourceType": CAPTURED},
        {"Iptc4xmpExt:DigitalSourceType": DRAWN},
        {"dc:subject": [AI_GENERATED]},
        {"Iptc4xmpExt:AISystemUsed": ""},
        {"TC260:AIGC": {"Label": "2"}},
        {"xmp:CreatorTool": "Adobe Photoshop 26.1", "photoshop:Credit": "a person"},
    ],
)
def test_signed_metadata_that_declares_no_ai_changes_nothing(
    data: dict[str, Any], photo: bytes, credential: Credential, trusted: Trusted, read: Read
) -> None:
    found = read(signed(photo, credential, metadata(data)), trusted)
    assert found.origin is Origin.CAPTURED
    assert found.manifests[0].statements == ()


def test_a_signer_who_declares_capture_and_ai_is_told_to_contradict_himself(
    photo: bytes, credential: Credential, trusted: Trusted, read: Read
) -> None:
    data = {"Iptc4xmpExt:DigitalSourceType": AI_GENERATED}
    found = read(signed(photo, credential, metadata(data)), trusted)
    assert [w for w in found.warnings if "contradict" in w and "another that AI made it" in w]
    assert not [w for w in read(signed(photo, credential), trusted).warnings if "contradict" in w]


@pytest.mark.parametrize(
    ("relationship", "kind", "expected"),
    [
        ("parentOf", AI_GENERATED, Origin.AI_GENERATED),
        ("componentOf", AI_GENERATED, Origin.AI_EDITED),
        ("parentOf", AI_EDITED, Origin.AI_EDITED),
        ("inputTo", AI_GENERATED, Origin.OTHER),
        ("parentOf", CAPTURED, Origin.OTHER),  # hearsay: nobody who was there signs it
    ],
)
def test_an_ingredient_without_credentials_is_what_its_signer_says(
    relationship: str,
    kind: str,
    expected: Origin,
    photo: bytes,
    credential: Credential,
    trusted: Trusted,
    read: Read,
) -> None:
    data = without_manifest(photo, credential, relationship=relationship, digital_source_type=kind)
    found = read(data, trusted)
    assert found.origin is expected
    assert found.manifests[0].ingredients[0].source_type == source_type(kind)


@pytest.mark.parametrize(
    ("stated", "agent"),
    [
        ({"softwareAgentIndex": 1}, "Adobe Firefly 3"),
        ({"softwareAgent": {"name": "Painter", "version": "2"}}, "Painter 2"),
        ({"softwareAgentIndex": 2}, ""),
        ({}, ""),
    ],
)
def test_an_action_names_its_program_by_description_or_by_its_place_in_the_list(
    stated: dict[str, Any],
    agent: str,
    photo: bytes,
    credential: Credential,
    read: Read,
) -> None:
    actions = {
        "actions": [action(source_type=DRAWN, **stated)],
        "softwareAgents": [{"name": "Painter"}, {"name": "Adobe Firefly", "version": "3"}],
    }
    found = read(signed(photo, credential, actions=actions))
    assert [item.agent for item in found.manifests[0].actions] == [agent]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("c2pa.created", Origin.AI_GENERATED),
        ("c2pa.drawing", Origin.AI_EDITED),
        ("c2pa.converted", Origin.OTHER),
    ],
)
def test_a_generator_named_as_the_program_stands_for_a_missing_source_type(
    name: str, expected: Origin, photo: bytes, credential: Credential, read: Read
) -> None:
    first = [] if name == "c2pa.created" else [action(source_type=DRAWN)]
    done = action(name, softwareAgent={"name": "DALL-E"})
    found = read(signed(photo, credential, actions={"actions": [*first, done]}))
    assert found.origin is expected


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([CAPTURED, AI_GENERATED], "trainedAlgorithmicMedia"),
        ([DRAWN, CAPTURED], "digitalCreation"),
        ({"@id": AI_EDITED}, "compositeWithTrainedAlgorithmicMedia"),
        ([None, 3], ""),
        ("DigitalSource", "DigitalSource"),
    ],
)
def test_of_several_source_types_ai_counts_and_else_the_first(value: object, kind: str) -> None:
    assert strongest_type(value) == kind


def test_the_official_signals_stand_beside_our_own_origin_for_each_manifest(
    photo: bytes, credential: Credential, read: Read
) -> None:
    made = sign(photo, credential, actions=[action(source_type=AI_GENERATED)])
    painted = action("c2pa.drawing", AI_EDITED)
    converted = action("c2pa.converted")
    data = sign(
        made.data, credential, ingredients=[Parent(data=made.data)], actions=[painted, converted]
    ).data
    found = read(data)
    active, parent = (manifest.signals for manifest in found.manifests)
    assert active.inceptions == ()
    assert parent.inceptions == (Inception.FULLY_AI,)
    assert active.transformations == (
        Transformation.AMBIGUOUS,
        Transformation.NON_EDITORIAL,
        Transformation.PERCEPTIBLE_AI,
    )
    assert found.signals.inceptions == (Inception.FULLY_AI,)
    assert found.signals.transformations == active.transformations
