"""A report without who made its file and where: what somebody outside may see who is to check the rest."""

from collections.abc import Iterator
from typing import Final

from provenance.declared import Marker, Stated, Topic
from provenance.result import Action, Manifest, Provenance
from provenance.stated import signed_in
from service.language.spoken import N_
from service.reporting.report import Report

LEFT_OUT: Final = N_(
    "The author, the place and other texts that the file states were left out when this report was shared."
)
"""Among the warnings of such a report, so that nobody takes the file to be silent about them."""

_TOLD: Final = frozenset(
    {Topic.AUTHOR, Topic.RIGHTS, Topic.PLACE, Topic.NAMED_PLACE, Topic.TITLE, Topic.DESCRIPTION}
)
"""Titles, descriptions and rights are free texts, which name people and places as often as not."""

_NAMES: Final = frozenset({Topic.AUTHOR, Topic.NAMED_PLACE})
_OF_POSITIONS: Final = "position."
_SHORTEST: Final = 3
"""Characters of a name that is looked for in other texts; shorter ones are in every second word."""


def discreet(report: Report) -> Report:
    """The same report without author, place and free texts of the file, and of originals it matched.

    Signed facts, identities that vouch for the content and excerpts of markers go as a whole, since each may
    hold any of these. Verdict, signer, history, times, devices, programs and the file's name stay.
    """
    matches = tuple(
        match.model_copy(
            update={
                "original": match.original.model_copy(
                    update={"provenance": _discreet(match.original.provenance)}
                )
            }
        )
        for match in report.matches
    )
    evidence = tuple(
        item for item in report.evidence if not item.id.startswith(f"trace.{_OF_POSITIONS}")
    )
    kept = {"provenance": _discreet(report.provenance), "matches": matches, "evidence": evidence}
    return report.model_copy(update=kept)


def _discreet(found: Provenance | None) -> Provenance | None:
    if found is None:
        return None
    names = frozenset(_names((*found.stated, *signed_in(found))))
    return found.model_copy(
        update={
            "stated": tuple(it for it in found.stated if it.topic not in _TOLD),
            "manifests": tuple(_manifest(it, names) for it in found.manifests),
            "markers": tuple(map(_marker, found.markers)),
            "traces": tuple(it for it in found.traces if not it.code.startswith(_OF_POSITIONS)),
            "warnings": (*found.warnings, LEFT_OUT),
        }
    )


def _names(said: tuple[Stated, ...]) -> Iterator[str]:
    for it in said:
        text = it.value.rstrip("…").strip().casefold()
        if it.topic in _NAMES and len(text) >= _SHORTEST:
            yield text


def _manifest(found: Manifest, names: frozenset[str]) -> Manifest:
    ingredients = tuple(
        it.model_copy(update={"title": _without(it.title, names)}) for it in found.ingredients
    )
    return found.model_copy(
        update={
            "title": _without(found.title, names),
            "facts": (),
            "identities": (),
            "actions": tuple(_action(it, names) for it in found.actions),
            "ingredients": ingredients,
        }
    )


def _action(done: Action, names: frozenset[str]) -> Action:
    return done.model_copy(
        update={
            "description": _without(done.description, names),
            "reason": _without(done.reason, names),
            "parameters": tuple(it for it in done.parameters if _without(it, names)),
        }
    )


def _marker(found: Marker) -> Marker:
    return found.model_copy(update={"excerpt": ""})


def _without(text: str, names: frozenset[str]) -> str:
    """Nothing of a text that holds one of the names."""
    return "" if any(name in text.casefold() for name in names) else text
