"""Say a sentence of the sources in the language of whoever reads it; English where nobody chose.

Sentences stand in the sources in English and are looked up as they stand there. The language belongs to
the context of a request or a command, so nothing that is stored or signed ever depends on it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from markupsafe import Markup, escape

from service.language.figures import as_written
from service.language.languages import Language, language

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

Key = TypeVar("Key")
Said = TypeVar("Said", str, tuple[str, ...])

FOLDER: Final = Path(__file__).parent / "messages"

VERBATIM: Final = frozenset(
    {
        "after",
        "assertion",
        "authority",
        "batch_id",
        "before",
        "beside",
        "brand",
        "by",
        "by_address",
        "camera",
        "card",
        "checksums",
        "choices",
        "code",
        "command",
        "delivery_id",
        "distribution",
        "encoder",
        "endpoint_id",
        "entry",
        "example",
        "expires_at",
        "export",
        "file",
        "folder",
        "forever",
        "form",
        "frame",
        "generator",
        "handler",
        "header",
        "hostname",
        "id",
        "issuer",
        "key",
        "key_id",
        "label",
        "last",
        "line",
        "list",
        "make",
        "media_type",
        "method",
        "model",
        "name",
        "named",
        "ndjson",
        "near",
        "note_id",
        "opening",
        "organisation",
        "part",
        "path",
        "piece",
        "policy",
        "program",
        "quality",
        "quoted",
        "scan",
        "scan_id",
        "sha256",
        "signer",
        "software",
        "span",
        "target",
        "text",
        "title",
        "tool",
        "trust_list",
        "type",
        "untrusted_name",
        "upload_id",
        "url",
        "urlencoded",
        "version",
        "wanted",
        "where",
        "who",
        "wrapped",
    }
)
"""Places that hold names, versions and codes, which are neither translated nor written as numbers."""


def is_verbatim(place: str) -> bool:
    """Whether a place holds such a thing; the second of one name is called `name2`."""
    return place in VERBATIM or (place[-1:].isdigit() and place[:-1] in VERBATIM)


@cache
def catalogue(chosen: Language) -> "Catalog":
    """The sentences of a language other than English, by the English ones."""
    from babel.messages.pofile import read_po  # a tenth of the start of a command

    with (FOLDER / f"{chosen}.po").open("rb") as file:
        return read_po(file, locale=chosen.value)


def N_(message: str) -> str:  # noqa: N802 (gettext's own name)
    """Mark a sentence that is looked up where it is said, not where it stands."""
    return message


def _(message: str, /, **values: object) -> str:
    """The sentence in the language of the context, with the values in its named places."""
    return _filled(_found(message), values)


def n_(singular: str, plural: str, count: int, /, **values: object) -> str:
    """The same for a number of things, which stands in `{count}`."""
    return _filled(_plural(singular, plural, count), {"count": f"{count:,}"} | values)


def marked(message: str, /, **values: object) -> Markup:
    """The sentence as HTML: what is put in is escaped unless it is HTML itself."""
    return _as_html(_found(message), values)


def n_marked(singular: str, plural: str, count: int, /, **values: object) -> Markup:
    """The same for a number of things, which stands in `{count}`."""
    return _as_html(_plural(singular, plural, count), {"count": f"{count:,}"} | values)


class Words(Mapping[Key, Said], Generic[Key, Said]):
    """A table of words by code, each of them said in the language of the context."""

    def __init__(self, english: Mapping[Key, Said]) -> None:
        self.english: Final[Mapping[Key, Said]] = english

    def __getitem__(self, key: Key) -> Said:
        said: Any = self.english[key]
        told: Any = _(said) if isinstance(said, str) else tuple(_(text) for text in said)
        return cast(Said, told)

    def __iter__(self) -> Iterator[Key]:
        return iter(self.english)

    def __len__(self) -> int:
        return len(self.english)


def capital(text: str) -> str:
    """With a capital letter at the beginning, as a sentence has one; an address stays as it is."""
    if "://" in text.partition(" ")[0]:
        return text
    return f"{text[:1].upper()}{text[1:]}"


def _found(message: str) -> str:
    if language() is Language.ENGLISH:
        return message
    entry = catalogue(language()).get(message)
    if entry is None or not entry.string:
        return message
    return entry.string if isinstance(entry.string, str) else entry.string[0]


def _plural(singular: str, plural: str, count: int) -> str:
    if language() is not Language.ENGLISH:
        entry = catalogue(language()).get((singular, plural))
        if entry is not None and isinstance(entry.string, tuple | list):
            return entry.string[0 if count == 1 else -1]
    return singular if count == 1 else plural


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text.format(**_local(values)) if values else text


def _as_html(text: str, values: Mapping[str, object]) -> Markup:
    return Markup(escape(text)).format(**_local(values))  # noqa: S704 (escaped just now)


def _local(values: Mapping[str, object]) -> dict[str, object]:
    if language() is Language.ENGLISH:
        return dict(values)
    return {
        name: as_written(value) if type(value) is str and not is_verbatim(name) else value
        for name, value in values.items()
    }
