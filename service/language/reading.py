"""Say in the language of the context what a report holds in English, which is how it was signed.

A sentence of a report was made from one of the catalogue's by putting values in its named places. It is
found again by what stands between them, and said with the same values, whose own words are found in the
same way. A sentence that no entry could have made stays in English as a whole: nothing is guessed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from service.language.figures import as_written
from service.language.languages import Language, language
from service.language.spoken import capital, catalogue, is_verbatim

if TYPE_CHECKING:
    from babel.messages.catalog import Message

LONGEST: Final = 4000
"""Characters of a text that is looked at; a longer one is no sentence of ours."""

FREE: Final = frozenset({"detail", "error", "measured_by", "reason", "strerror", "why"})
"""Places of a reason that comes from elsewhere: it stays in English where it is not known."""

SEVERAL: Final = frozenset({"sentence", "sentences", "statement", "what"})
"""Places that hold whole sentences; one that ends within any other was not made by that entry."""

_PLACE: Final = re.compile(r"\{(\w+)\}")
_END: Final = re.compile(r"(?<=[.!?]) (?=\S)")
_MEASURE: Final = re.compile(r"(-?[\d.,]+) ?(%|s|px|Hz|kHz|kB|MB|GB)")
_WHERE: Final = re.compile(r"[\w.$\[\]'-]+")
_LISTED: Final = ("; ", ", ", " or ", " and ")
_DEEPEST: Final = 6  # sentences within places of sentences; ours go to four
_LEAST: Final = 8  # letters that tell an entry from others where it holds names alone
_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class _Pattern:
    """An English sentence cut at its places: one more piece than there are places."""

    pieces: tuple[str, ...]
    places: tuple[str, ...]
    message: "Message"
    plural: bool

    @property
    def letters(self) -> int:
        return sum(not letter.isspace() for piece in self.pieces for letter in piece)

    @property
    def is_told_apart(self) -> bool:
        return all(self.pieces[1:-1]) and (
            self.letters >= _LEAST or not all(map(is_verbatim, self.places))
        )

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places of a text that this could have made."""
        first, *between = self.pieces
        last = between.pop()
        if len(first) + len(last) >= len(text) or not text.startswith(first):
            return None
        if not text.endswith(last):
            return None
        rest, found = text[len(first) : len(text) - len(last)], []
        for piece in between:
            value, met, rest = rest.partition(piece)
            if not met:
                return None
            found.append(value)
        found.append(rest)
        values = dict(zip(self.places, found, strict=True))
        counts = "count" in values and not isinstance(self.message.id, str)
        fits = not counts or self.plural is (values["count"] != "1")
        return values if all(found) and fits else None

    def said(self, values: dict[str, str]) -> str:
        string = self.message.string
        forms = (string,) if isinstance(string, str) else tuple(string or ())
        return forms[-1 if self.plural else 0].format(**values)


def told(text: str) -> str:
    """The text of a report in the language of the context, sentence by sentence."""
    if language() is Language.ENGLISH or not text or len(text) > LONGEST:
        return text
    return (
        _sequence(text, language(), 0)
        or _of_places(text, language())
        or " ".join(_sequence(part, language(), 0) or part for part in _END.split(text))
    )


def _of_places(text: str, chosen: Language) -> str | None:
    """What is wrong in several places, as `query.limit: ...; form.url: ...`; None if nothing is ours."""
    parts = text.split("; ")
    said = [_sequence(part, chosen, 0) or _of_place(part, chosen) for part in parts]
    if not any(said):
        return None
    return "; ".join(told or part for told, part in zip(said, parts, strict=True))


def _of_place(text: str, chosen: Language) -> str | None:
    where, met, sentence = text.partition(": ")
    said = _sequence(sentence, chosen, 0) if met and _WHERE.fullmatch(where) else None
    return None if said is None else f"{where}: {said}"


@lru_cache(maxsize=_KEPT)
def _sequence(text: str, chosen: Language, depth: int) -> str | None:
    """Sentences, the longest beginning that one entry made first; None if one is not ours."""
    whole = _one(text, chosen, depth)
    if whole is not None:
        return whole
    for end in reversed([found.start() for found in _END.finditer(text)]):
        head = _one(text[:end], chosen, depth)
        rest = _sequence(text[end + 1 :], chosen, depth) if head is not None else None
        if rest is not None:
            return f"{head} {rest}"
    return None


@lru_cache(maxsize=_KEPT)
def _one(text: str, chosen: Language, depth: int) -> str | None:
    """What one entry makes of a text; None where none could have made it, or too deep inside others."""
    if depth > _DEEPEST:
        return None
    known = _known(chosen)
    for form, shape in _forms(text):
        if form in known:
            return shape(known[form])
    for form, shape in _forms(text):
        for pattern in _patterns(chosen):
            values = pattern.values(form)
            said = _valued(values, chosen, depth + 1) if values is not None else None
            if said is not None:
                return shape(pattern.said(said))
    return None


def _forms(text: str) -> Iterator[tuple[str, Callable[[str], str]]]:
    """A text as entries may have it: as it is, without its capital letter, without its full stop."""
    lower = _lower(text)
    yield text, _as_it_is
    if lower != text:
        yield lower, capital
    if text.endswith("."):
        yield text[:-1], _with_stop
    if text[:1].islower():
        yield capital(text), _lower


def _valued(values: dict[str, str], chosen: Language, depth: int) -> dict[str, str] | None:
    found = {name: _value(name, value, chosen, depth) for name, value in values.items()}
    known = {name: value for name, value in found.items() if value is not None}
    return known if len(known) == len(found) else None


def _value(name: str, value: str, chosen: Language, depth: int) -> str | None:
    """What stands in a place, in words of the language; None where it should be and is not ours."""
    if name not in SEVERAL and _END.search(value):
        return None
    if is_verbatim(name):
        return value
    measure = _MEASURE.fullmatch(value)
    if measure is not None:
        return f"{as_written(measure[1])} {measure[2]}"
    written = as_written(value)
    if written != value:
        return written
    if not any(letter.isalpha() for letter in value):
        return None if value.endswith(".") else ", ".join(map(as_written, value.split(", ")))
    if value[0] == value[-1] == "'":
        inner = _one(value[1:-1], chosen, depth)
        return f"'{inner}'" if inner is not None else None
    if name in FREE:  # a sentence, which may hold an "or" of its own
        return _sequence(value, chosen, depth) or _listed(value, chosen, depth) or value
    known = _known(chosen).get(value)
    return known or _listed(value, chosen, depth) or _sequence(value, chosen, depth)


def _listed(value: str, chosen: Language, depth: int) -> str | None:
    """Several things that are each known, with what stands between them."""
    for between in _LISTED:
        parts = [_one(part, chosen, depth) for part in value.split(between)]
        said = [part for part in parts if part is not None]
        if len(parts) > 1 and len(said) == len(parts):
            known = _known(chosen).get(between.strip())
            return (between if known is None else f" {known} ").join(said)
    return None


def _as_it_is(text: str) -> str:
    return text


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _with_stop(text: str) -> str:
    return f"{text}."


@cache
def _known(chosen: Language) -> dict[str, str]:
    """Entries without places, by their English."""
    return {
        message.id: message.string
        for message in _messages(chosen)
        if isinstance(message.id, str) and isinstance(message.string, str)
    }


@cache
def _patterns(chosen: Language) -> tuple[_Pattern, ...]:
    """Entries with places, those first that fix the most letters."""
    found = [pattern for message in _messages(chosen) for pattern in _cut(message)]
    told_apart = [pattern for pattern in found if pattern.is_told_apart]
    return tuple(sorted(told_apart, key=lambda pattern: -pattern.letters))


def _messages(chosen: Language) -> "Iterator[Message]":
    return (message for message in catalogue(chosen) if message.id and message.string)


def _cut(message: "Message") -> Iterator[_Pattern]:
    forms = (message.id,) if isinstance(message.id, str) else message.id
    for index, form in enumerate(forms):
        pieces = _PLACE.split(form)
        if len(pieces) > 1:
            yield _Pattern(tuple(pieces[::2]), tuple(pieces[1::2]), message, bool(index))
