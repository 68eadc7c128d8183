"""What signed actions say was done: each one together with the template and the agents it names."""

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final

from provenance.bounded import clean
from provenance.codes import mapping, sequence
from provenance.markers.tools import ai_tool
from provenance.origin import origin_of_action, strongest_type
from provenance.result import Action
from provenance.signed_facts import scalars

MAX_PARAMETERS: Final = 12
_MAX_RELATED: Final = 3
"""Actions may hold related actions; so many levels of them are looked into."""

_EVERY_ACTION: Final = "*"
_TYPE: Final = "digitalSourceType"
_NOT_PARAMETERS: Final = frozenset(
    {
        "com.adobe.icon",
        "description",
        "ingredient",
        "ingredientIds",
        "ingredients",
        "instanceId",
        "org.cai.ingredientIds",
        "redacted",
    }
)
"""Parameters of actions that only tie them to what is told elsewhere."""


def actions_in(assertion: Mapping[str, Any], limit: int) -> Iterator[Action]:
    """Yield the actions of one actions assertion, related ones after the one that names them.

    A template states what all actions of its name share, or with `*` all actions. What an action
    says itself comes first, except that no word of its own takes back AI in a template it uses.
    """
    templates = _templates(assertion)
    agents = sequence(assertion.get("softwareAgents"))
    stated = (mapping(entry) for entry in sequence(assertion.get("actions")))
    for entry in islice(chain.from_iterable(map(_with_related, stated)), limit):
        shared = [
            templates[name]
            for name in (clean(entry.get("action")), _EVERY_ACTION)
            if name in templates
        ]
        yield _action([entry, *shared], agents)


def _templates(assertion: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return templates by the action they are for; several for one action add up."""
    found: dict[str, dict[str, Any]] = {}
    for template in map(mapping, sequence(assertion.get("templates"))):
        known = found.setdefault(clean(template.get("action")) or _EVERY_ACTION, {})
        types = [kind for kind in (known.get(_TYPE), *_types(template)) if kind]
        for key, value in template.items():
            known.setdefault(key, value)
        known[_TYPE] = strongest_type(types)
    return found


def _with_related(entry: dict[str, Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    yield entry
    if depth < _MAX_RELATED:
        for related in map(mapping, sequence(entry.get("related"))):
            yield from _with_related(related, depth + 1)


def _action(sources: list[dict[str, Any]], agents: list[Any]) -> Action:
    """Build an action from what it says itself and the templates it uses, its own words first."""
    name = clean(sources[0].get("action"))
    parameters = mapping(_first(sources, "parameters", "templateParameters"))
    kind = strongest_type([kind for source in sources for kind in _types(source)])
    agent = next(filter(None, (_agent(source, agents) for source in sources)), "")
    description = clean(_first(sources, "description") or parameters.get("description"))
    return Action(
        name=name,
        source_type=kind,
        origin=origin_of_action(name, kind, description, tool=ai_tool(agent)),
        agent=agent,
        at=clean(_first(sources, "when"), 40),
        description=description,
        reason=clean(_first(sources, "reason")),
        parameters=_parameters(parameters),
    )


def _first(sources: list[dict[str, Any]], *keys: str) -> object:
    return next((source[key] for source in sources for key in keys if source.get(key)), None)


def _types(source: Mapping[str, Any]) -> tuple[str, str]:
    parameters = mapping(source.get("parameters")) or mapping(source.get("templateParameters"))
    return strongest_type(source.get(_TYPE)), strongest_type(parameters.get(_TYPE))


def _agent(source: Mapping[str, Any], agents: list[Any]) -> str:
    """Return the program an action names: as text, as a description, or by its place in a list."""
    agent, index = source.get("softwareAgent"), source.get("softwareAgentIndex")
    if not agent and type(index) is int and 0 <= index < len(agents):
        agent = agents[index]
    if isinstance(agent, dict):
        return f"{clean(agent.get('name'))} {clean(agent.get('version'))}".strip()
    return clean(agent)


def _parameters(raw: Mapping[str, Any]) -> tuple[str, ...]:
    shown = {name: value for name, value in raw.items() if name not in _NOT_PARAMETERS}
    pairs = islice(scalars(shown), MAX_PARAMETERS)
    return tuple(clean(f"{name}: {value}") for name, value in pairs)
