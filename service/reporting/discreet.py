"""A report without who made its file and where: what somebody outside may see who is to check the rest."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from provenance.declared import Marker, Stated, Topic, Trace
from provenance.result import Action, Check, Ingredient, Manifest, Provenance, UsageRule
from provenance.similarity.result import Match
from provenance.stated import signed_in
from service.language.spoken import N_
from service.reporting.credentials import CREDENTIALS, signer_of
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

_BETWEEN_NAMES: Final = re.compile(r"[;,&]|\band\b", re.IGNORECASE)
_OF_PLACES: Final = ("position.", "time.zone")
"""How the codes of traces begin that tell where a picture was taken; a zone tells the longitude."""

_TRACE: Final = "trace."
_QUOTING: Final = (CREDENTIALS, "recovered.")
"""How the ids of evidence begin whose sentences quote titles and names of files."""

_SHORTEST: Final = 3
"""Characters of a name that is looked for in other texts; shorter ones are in every second word."""


def discreet(report: Report) -> Report:
    """The same report without author, place and free texts of the file, and of originals it matched.

    Signed facts, identities that vouch for the content, excerpts of markers, the free texts of manifests and
    the names of files of the index go as a whole, since each may hold any of these. Sentences that repeat a
    title or a name are kept without it. Verdict, signer, the kinds of edits, times, devices, programs and the file's name stay.
    """
    found = (report.provenance, *(it.original.provenance for it in report.matches))
    several = tuple(it for it in found if it is not None)
    names = _any_of({name for it in several for name in _names(it)})
    files = {it.original.name for it in report.matches}
    titles = {title for it in several for title in _titles(it)} - {*map(signer_of, several)}
    quoted = tuple(f"“{it}”" for it in sorted(titles | files, key=len, reverse=True))
    evidence = tuple(
        _evidence(it, names, quoted)
        for it in report.evidence
        if not it.id.removeprefix(_TRACE).startswith(_OF_PLACES)
    )
    return report.model_copy(
        update={
            "provenance": _discreet(report.provenance, names),
            "matches": tuple(_match(it, names) for it in report.matches),
            "evidence": evidence,
        }
    )


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


def _evidence(found: Evidence, names: re.Pattern[str], quoted: tuple[str, ...]) -> Evidence:
    """Without the titles and names that its sentence holds, if it is of a kind that takes any."""
    statement = found.statement
    if found.id.startswith(_TRACE):
        statement = _without(statement, names)
    elif found.id.startswith(_QUOTING):
        for it in quoted:
            statement = statement.replace(it, f"“{GONE}”")
    return found.model_copy(update={"statement": statement})


def _match(found: Match, names: re.Pattern[str]) -> Match:
    known = _discreet(found.original.provenance, names)
    original = found.original.model_copy(update={"name": GONE, "provenance": known})
    return found.model_copy(update={"original": original})


def _discreet(found: Provenance | None, names: re.Pattern[str]) -> Provenance | None:
    if found is None:
        return None
    titles = frozenset(_titles(found))
    return found.model_copy(
        update={
            "stated": tuple(it for it in found.stated if it.topic not in _TOLD),
            "manifests": tuple(_manifest(it, names) for it in found.manifests),
            "markers": tuple(map(_marker, found.markers)),
            "traces": tuple(
                _trace(it, names) for it in found.traces if not it.code.startswith(_OF_PLACES)
            ),
            "integrity_explanation": _without(found.integrity_explanation, names),
            "chain_failures": tuple(
                _without(_untitled(it, titles), names) for it in found.chain_failures
            ),
            "remote_url": _without(found.remote_url, names),
            "warnings": (*(_without(it, names) for it in found.warnings), LEFT_OUT),
        }
    )


def _untitled(failure: str, titles: frozenset[str]) -> str:
    """What failed in an ancestor, without its title, which stands first and may be cut."""
    said = failure.rstrip(GONE)
    first = (it for it in titles if said[: len(it) + 2] == f"{it}: "[: len(said)])
    title = max(first, key=len, default="")
    return f"{GONE}{failure[len(title) :]}" if title else failure


def _trace(found: Trace, names: re.Pattern[str]) -> Trace:
    return found.model_copy(update={"statement": _without(found.statement, names)})


def _manifest(found: Manifest, names: re.Pattern[str]) -> Manifest:
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


def _ingredient(found: Ingredient, names: re.Pattern[str]) -> Ingredient:
    failures = tuple(_check(it, names) for it in found.failures)
    return found.model_copy(
        update={"title": GONE if found.title else "", "failures": failures},
    )


def _action(done: Action) -> Action:
    return done.model_copy(update={"description": "", "reason": "", "parameters": ()})


def _rule(found: UsageRule) -> UsageRule:
    return found.model_copy(update={"constraint": ""})


def _check(found: Check, names: re.Pattern[str]) -> Check:
    return found.model_copy(update={"explanation": _without(found.explanation, names)})


def _marker(found: Marker) -> Marker:
    return found.model_copy(update={"excerpt": ""})


def _any_of(names: set[str]) -> re.Pattern[str]:
    """Any of the names, the longest first; of none, nothing."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)", re.IGNORECASE)


def _without(text: str, names: re.Pattern[str]) -> str:
    """A text in which no name stands: one is never a reason to withhold what else is said."""
    return names.sub(GONE, text)
