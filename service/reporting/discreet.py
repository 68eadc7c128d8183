"""A report without who made its file and where: what somebody outside may see who is to check the rest."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from provenance.declared import Marker, Stated, Topic, Trace
from provenance.result import Action, Check, Ingredient, Manifest, Provenance, UsageRule
from provenance.similarity.result import Match
from provenance.stated import signed_in
from service.language.spoken import N_
from service.reporting.report import Evidence, Report

LEFT_OUT: Final = N_(
    "The author, the place and other texts that the file states were left out when this report was shared."
)
"""Among the warnings of such a report, so that nobody takes the file to be silent about them."""

GONE: Final = "…"
"""Stands for a title or a name that was left out, so that nobody takes it for one that was never given."""

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

_BETWEEN_NAMES: Final = re.compile(r"[;,&]|\band\b")
_OF_PLACES: Final = ("position.", "time.zone")
"""How the codes of traces begin that tell where a picture was taken; a zone tells the longitude."""

_SHORTEST: Final = 3
"""Characters of a name that is looked for in other texts; shorter ones are in every second word."""


def discreet(report: Report) -> Report:
    """The same report without author, place and free texts of the file, and of originals it matched.

    Signed facts, identities that vouch for the content, excerpts of markers, the free texts of manifests and
    the names of files of the index go as a whole, since each may hold any of these, and so do the sentences
    that repeat them. Verdict, signer, the kinds of edits, times, devices, programs and the file's name stay.
    """
    found = (report.provenance, *(it.original.provenance for it in report.matches))
    several = tuple(it for it in found if it is not None)
    names = frozenset(name for it in several for name in _names(it))
    titles = {title for it in several for title in _titles(it)}
    quoted = tuple(f"“{it}”" for it in titles | {it.original.name for it in report.matches})
    evidence = tuple(_evidence(it, quoted) for it in report.evidence if _may_stay(it, names))
    return report.model_copy(
        update={
            "provenance": _discreet(report.provenance, names),
            "matches": tuple(_match(it, names) for it in report.matches),
            "evidence": evidence,
        }
    )


def _names(found: Provenance) -> Iterator[str]:
    """People and places that a file or one of its manifests names, in lower case."""
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
    whole = value.rstrip(GONE).casefold()
    for text in (whole, *_BETWEEN_NAMES.split(whole)):
        if len(text.strip()) >= _SHORTEST:
            yield text.strip()


def _titles(found: Provenance) -> Iterator[str]:
    for manifest in found.manifests:
        titles = (manifest.title, *(it.title for it in manifest.ingredients))
        yield from filter(None, titles)


def _may_stay(found: Evidence, names: frozenset[str]) -> bool:
    """Whether it is no trace of a place or of somebody."""
    family, _, code = found.id.partition(".")
    return family != "trace" or not _tells(code, found.statement, names)


def _evidence(found: Evidence, quoted: tuple[str, ...]) -> Evidence:
    """Without the titles and names of files that its sentence quotes, the longest first."""
    statement = found.statement
    for it in sorted(quoted, key=len, reverse=True):
        statement = statement.replace(it, f"“{GONE}”")
    return found.model_copy(update={"statement": statement})


def _match(found: Match, names: frozenset[str]) -> Match:
    known = _discreet(found.original.provenance, names)
    original = found.original.model_copy(update={"name": GONE, "provenance": known})
    return found.model_copy(update={"original": original})


def _discreet(found: Provenance | None, names: frozenset[str]) -> Provenance | None:
    if found is None:
        return None
    titles = frozenset(_titles(found))
    failures = (_untitled(it, titles) for it in found.chain_failures)
    return found.model_copy(
        update={
            "stated": tuple(it for it in found.stated if it.topic not in _TOLD),
            "manifests": tuple(_manifest(it, names) for it in found.manifests),
            "markers": tuple(map(_marker, found.markers)),
            "traces": tuple(it for it in found.traces if not _is_told(it, names)),
            "integrity_explanation": _without(found.integrity_explanation, names),
            "chain_failures": tuple(it for it in failures if _without(it, names)),
            "remote_url": _without(found.remote_url, names),
            "warnings": (*(it for it in found.warnings if _without(it, names)), LEFT_OUT),
        }
    )


def _untitled(failure: str, titles: frozenset[str]) -> str:
    """What failed in an ancestor, without its title, which stands first."""
    title = max((it for it in titles if failure.startswith(f"{it}: ")), key=len, default="")
    return f"{GONE}{failure.removeprefix(title)}" if title else failure


def _is_told(found: Trace, names: frozenset[str]) -> bool:
    return _tells(found.code, found.statement, names)


def _tells(code: str, statement: str, names: frozenset[str]) -> bool:
    return code.startswith(_OF_PLACES) or not _without(statement, names)


def _manifest(found: Manifest, names: frozenset[str]) -> Manifest:
    return found.model_copy(
        update={
            "title": GONE if found.title else "",
            "facts": (),
            "identities": (),
            "failures": tuple(_check(it, names) for it in found.failures),
            "notices": tuple(_check(it, names) for it in found.notices),
            "actions": tuple(map(_action, found.actions)),
            "ingredients": tuple(_ingredient(it, names) for it in found.ingredients),
            "usage_rules": tuple(map(_rule, found.usage_rules)),
        }
    )


def _ingredient(found: Ingredient, names: frozenset[str]) -> Ingredient:
    failures = tuple(_check(it, names) for it in found.failures)
    return found.model_copy(
        update={"title": GONE if found.title else "", "failures": failures},
    )


def _action(done: Action) -> Action:
    return done.model_copy(update={"description": "", "reason": "", "parameters": ()})


def _rule(found: UsageRule) -> UsageRule:
    return found.model_copy(update={"constraint": ""})


def _check(found: Check, names: frozenset[str]) -> Check:
    return found.model_copy(update={"explanation": _without(found.explanation, names)})


def _marker(found: Marker) -> Marker:
    return found.model_copy(update={"excerpt": ""})


def _without(text: str, names: frozenset[str]) -> str:
    """Nothing of a text that holds one of the names."""
    return "" if any(name in text.casefold() for name in names) else text
