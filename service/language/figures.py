"""Numbers and days as each language writes them. English keeps 12,500.5 and 2026-11-28."""

import re
from datetime import date, datetime
from typing import Final

from service.language.languages import Language, language

_NUMBER: Final = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})( \d{2}:\d{2}(:\d{2})?)?( UTC)?")
_CLOCK: Final = re.compile(r"(\d+:)?\d{1,2}:\d{2}\.\d")
_UNIT: Final = re.compile(r"(?<=\d) (?=(%|s|ms|min|h|px|Hz|kHz|kB|MB|GB|dB|MiB|GiB)(?!\w))")
UNBROKEN: Final = "\u00a0"
"""A space at which no line ends."""

_MARKS: Final = str.maketrans(",.", "\0\1")


def as_written(english: str) -> str:
    """A number, a time or a day as the language of the context writes it; any other text as it is."""
    if language() is Language.ENGLISH:
        return english
    if _NUMBER.fullmatch(english):
        return _number(english)
    if _CLOCK.fullmatch(english):
        return english.replace(".", _decimal_mark())
    found = _DAY.fullmatch(english)
    if found is None:
        return _month(english)
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        return english
    return f"{_day(day)}{found[2] or ''}{found[4] or ''}"


def _month(english: str) -> str:
    """A month as Python writes it, "October 2019"; any other text as it is."""
    try:
        written = datetime.strptime(english, "%B %Y")
    except ValueError:
        return english
    return _formatted(written, "LLLL yyyy")


def unbroken(text: str, space: str = UNBROKEN) -> str:
    """A sentence as it is shown, in which no figure parts from its unit at the end of a line.

    What is stored and signed keeps its plain spaces.
    """
    return _UNIT.sub(space, text)


def number(value: float, digits: int = 0) -> str:
    """A number with this many digits behind the point: "12,500" or "12.500"."""
    return as_written(f"{value:,.{digits}f}")


def percent(share: float, digits: int = 0) -> str:
    """A share of 1: "12.5%" or "12,5 %"."""
    between = "" if language() is Language.ENGLISH else " "
    return f"{number(100 * share, digits)}{between}%"


def interval(value: float, low: float, high: float, digits: int = 3) -> str:
    """A value and where it may lie: "0.912 [0.880, 0.931]" or "0,912 [0,880; 0,931]"."""
    first, *ends = (number(figure, digits) for figure in (value, low, high))
    return f"{first} [{_between().join(ends)}]"


def percents(value: float, low: float, high: float, digits: int = 1) -> str:
    """The same of shares: "12.5% [10.1%, 14.2%]"."""
    first, *ends = (percent(share, digits) for share in (value, low, high))
    return f"{first} [{_between().join(ends)}]"


def _between() -> str:
    return ", " if language() is Language.ENGLISH else "; "


def day(moment: date) -> str:
    """A day: "2026-11-28" or "28.11.2026"."""
    return as_written(f"{moment:%Y-%m-%d}")


def minute(moment: datetime) -> str:
    """A moment to the minute with its zone: "2026-11-28 17:42 UTC"."""
    zone = moment.tzname() or ""
    return f"{as_written(f'{moment:%Y-%m-%d %H:%M}')} {zone}".rstrip()


def long_moment(moment: datetime) -> str:
    """A moment to the second with the month in letters: "28 November 2026, 17:42:21 UTC"."""
    if language() is Language.ENGLISH:
        written = f"{moment:%d %B %Y}".lstrip("0")
    else:
        written = _formatted(moment, "long")
    return f"{written}, {moment:%H:%M:%S} {moment.tzname() or ''}".rstrip()


def _number(english: str) -> str:
    from babel.numbers import get_group_symbol

    group = get_group_symbol(language().value)
    whole = english.partition(".")[0].replace(",", "")
    if language() is Language.SPANISH and len(whole.lstrip("-")) < 5:
        group = ""
    marked = english.translate(_MARKS)
    return marked.replace("\0", group).replace("\1", _decimal_mark())


def _decimal_mark() -> str:
    from babel.numbers import get_decimal_symbol

    return get_decimal_symbol(language().value)


def _day(written: date) -> str:
    return _formatted(written, "dd.MM.yyyy" if language() is Language.GERMAN else "dd/MM/yyyy")


def _formatted(written: date, pattern: str) -> str:
    from babel.dates import format_date  # English does without, so a command begins sooner

    return format_date(written, pattern, locale=language().value)
