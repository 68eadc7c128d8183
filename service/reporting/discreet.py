"""A report without who made its file and where: what somebody outside may see who is to check the rest."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from provenance.declared import Marker, Stated, Topic
from provenance.result import Action, Ingredient, Manifest, Provenance, UsageRule
from provenance.similarity.result import Match
from provenance.stated import signed_in
from service.language.spoken import N_
from service.reporting.credentials import CREDENTIALS, signer_of
from service.reporting.recovered_credentials import RECOVERED_ID
from service.reporting.report import Evidence, Report
from service.reporting.searched import GONE, any_of, searched

LEFT_OUT: Final = N_(
    "The author, the place and other texts that the file states were left out when this report was shared."
)
"""Among the warnings of such a report, so that nobody takes the file to be silent about them."""

_TOLD: Final = frozenset(
    {Topic.AUTHOR, Topic.RIGHTS, Topic.PLACE, Topic.NAMED_PLACE, Topic.TITLE, Topic.DESCRIPTION}
)
"""Titles, descriptions and rights are free texts, which name people and places as often as not."""

_NAMES: Final = frozenset({Topic.AUTHOR, Topic.PLACE, Topic.NAMED_PLACE})
_NAMING: Final = re.compile(
    "author|creator(?!tool)|artist|person|byline|contributor|city|country|location|state|province",
    re.IGNORECASE,
)
"""In the name of a signed fact that names a person or a place."""

_BETWEEN_NAMES: Final = re.compile(r"[;,&]|\band\b", re.IGNORECASE)
_OF_PLACES: Final = ("position.", "time.zone")
"""How the codes of traces begin that tell where a picture was taken; a zone tells the longitude."""

_TRACE: Final = "trace."
_QUOTING: Final = (CREDENTIALS, RECOVERED_ID)
"""How the ids of evidence begin whose sentences quote titles and names of files."""

_SHORTEST: Final = 3
"""Characters of a name that is looked for in other texts; shorter ones are in every second word."""


def discreet(report: Report) -> Report:
    """The same report without author, place and free texts of the file, and of originals it matched.

    Signed facts, identities that vouch for the content, excerpts of markers, the free texts of manifests and
    the names of files of the index go as a whole, since each may hold any of these. Sentences that repeat a
    title or a name are kept without it, and all other texts without the names. Verdict, signer, the kinds of edits, times, devices, programs and the file's name stay.
    """
    found = (report.provenance, *(it.original.provenance for it in report.matches))
    several = tuple(it for it in found if it is not None)
    names = any_of({name for it in several for name in _names(it)})
    files = {it.original.name for it in report.matches}
    titles = {title for it in several for title in _titles(it)} - {*map(signer_of, several)}
    quoted = tuple(f"“{it}”" for it in sorted(titles | files, key=len, reverse=True))
    evidence = tuple(
        _evidence(it, quoted)
        for it in report.evidence
        if not it.id.removeprefix(_TRACE).startswith(_OF_PLACES)
    )
    left = report.model_copy(
        update={
            "provenance": _discreet(report.provenance),
            "matches": tuple(map(_match, report.matches)),
            "evidence": evidence,
        }
    )
    return searched(left, names)


def _names(found: Provenance) -> Iterator[str]:
    """People and places that a file or one of its manifests names."""
    for manifest in found.manifests:
        yield from _said(signed_in(found.model_copy(update={"manifests": (manifest,)})))
        for fact in manifest.facts:
            if _NAMING.search(fact.name):
                yield from _parts(fact.value)
        for identity in manifest.identities:
            yield from _parts(identity.name)
            for account in identity.accounts:
                yield from _parts(account.partition(": ")[2])
    yield from _said(found.stated)


def _said(stated: Iterable[Stated]) -> Iterator[str]:
    for it in stated:
        if it.topic in _NAMES:
            yield from _parts(it.value)


def _parts(value: str) -> Iterator[str]:
    """The whole of a value, and each of several names in it."""
    whole = value.rstrip(GONE)
    for text in (whole, *_BETWEEN_NAMES.split(whole)):
        if len(text.strip()) >= _SHORTEST:
            yield text.strip()


def _titles(found: Provenance) -> Iterator[str]:
    for manifest in found.manifests:
        titles = (manifest.title, *(it.title for it in manifest.ingredients))
        yield from filter(None, titles)


def _evidence(found: Evidence, quoted: tuple[str, ...]) -> Evidence:
    """Without the titles and names of files that its sentence quotes, if it is of a kind that does."""
    statement = found.statement
    if found.id.startswith(_QUOTING):
        for it in quoted:
            statement = statement.replace(it, f"“{GONE}”")
    return found.model_copy(update={"statement": statement})


def _match(found: Match) -> Match:
    known = _discreet(found.original.provenance)
    original = found.original.model_copy(update={"name": GONE, "provenance": known})
    return found.model_copy(update={"original": original})


def _discreet(found: Provenance | None) -> Provenance | None:
    if found is None:
        return None
    titles = frozenset(_titles(found))
    return found.model_copy(
        update={
            "stated": tuple(it for it in found.stated if it.topic not in _TOLD),
            "manifests": tuple(map(_manifest, found.manifests)),
            "markers": tuple(map(_marker, found.markers)),
            "traces": tuple(it for it in found.traces if not it.code.startswith(_OF_PLACES)),
            "chain_failures": tuple(_untitled(it, titles) for it in found.chain_failures),
            "warnings": (*found.warnings, LEFT_OUT),
        }
    )


def _untitled(failure: str, titles: frozenset[str]) -> str:
    """What failed in an ancestor, without its title, which stands first and may be cut."""
    said = failure.rstrip(GONE)
    first = (it for it in titles if said[: len(it) + 2] == f"{it}: "[: len(said)])
    title = max(first, key=len, default="")
    return f"{GONE}{failure[len(title) :]}" if title else failure


def _manifest(found: Manifest) -> Manifest:
    return found.model_copy(
        update={
            "title": GONE if found.title else "",
            "facts": (),
            "identities": (),
            "actions": tuple(map(_action, found.actions)),
            "ingredients": tuple(map(_ingredient, found.ingredients)),
            "usage_rules": tuple(map(_rule, found.usage_rules)),
        }
    )


def _ingredient(found: Ingredient) -> Ingredient:
    return found.model_copy(update={"title": GONE if found.title else ""})


def _action(done: Action) -> Action:
    return done.model_copy(update={"description": "", "reason": "", "parameters": ()})


def _rule(found: UsageRule) -> UsageRule:
    return found.model_copy(update={"constraint": ""})


def _marker(found: Marker) -> Marker:
    return found.model_copy(update={"excerpt": ""})
