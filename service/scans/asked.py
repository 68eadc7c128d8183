"""What a client asks for beside the analysis of a file: its own fields, priority, reuse."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from service.db.lifecycle import Priority
from service.errors import InvalidRequest
from service.names import no_such

REFERENCE_LENGTH: Final = 200
MAX_LABELS: Final = 16
MAX_AGE: Final = 10 * 365 * 86_400
"""Seconds that the oldest analysis anybody asks for may be old."""

PRINTABLE: Final = r"[^\x00-\x1f\x7f-\x9f]"
LABEL_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
LABEL_VALUE: Final = f"{PRINTABLE}{{0,200}}"
LABEL: Final = f"^{LABEL_NAME}={LABEL_VALUE}$"
"""Pattern of one label as lists are asked for it."""

_NAME: Final = re.compile(LABEL_NAME)
_VALUE: Final = re.compile(LABEL_VALUE)
_REFERENCE: Final = re.compile(f"{PRINTABLE}{{0,{REFERENCE_LENGTH}}}")
_SECONDS: Final = re.compile("[0-9]{1,9}")


class Reuse(StrEnum):
    """Whether an earlier analysis of the same content may stand for a new one."""

    NEVER = "never"
    ALLOWED = "allowed"


_PRIORITIES: Final = frozenset(Priority)
_REUSES: Final = frozenset(Reuse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client says with a file. `labels` are names and values of its own.

    `max_age` is how many seconds old an analysis that is reused may be; None: any age.
    """

    reference: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: Priority = Priority.NORMAL
    reuse: Reuse = Reuse.NEVER
    max_age: int | None = None


def asked_in(untrusted: Mapping[str, str]) -> Asked:
    """What the fields of a form ask for; one that is missing or empty asks for nothing.

    Raises `InvalidRequest`.
    """
    priority = untrusted.get("priority") or Priority.NORMAL
    if priority not in _PRIORITIES:
        raise InvalidRequest(no_such("priority", priority, Priority))
    reuse = untrusted.get("reuse") or Reuse.NEVER
    if reuse not in _REUSES:
        raise InvalidRequest(no_such("reuse", reuse, Reuse))
    return Asked(
        reference=reference_in(untrusted.get("reference", "")),
        labels=labels_in(untrusted.get("labels", "")),
        priority=Priority(priority),
        reuse=Reuse(reuse),
        max_age=_max_age(untrusted.get("max_age", "")),
    )


def reference_in(untrusted: str) -> str | None:
    """A client's own name for a scan, None for an empty one. Raises `InvalidRequest`."""
    if not _REFERENCE.fullmatch(untrusted):
        raise InvalidRequest(
            f"a reference is at most {REFERENCE_LENGTH} characters, none of them a control one"
        )
    return untrusted or None


def labels_in(untrusted: str) -> dict[str, str]:
    """Labels from a JSON object of texts, or from an empty text. Raises `InvalidRequest`."""
    if not untrusted:
        return {}
    try:
        found = json.loads(untrusted, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("labels are no JSON object, or name one twice") from error
    if not isinstance(found, dict):
        raise InvalidRequest('labels are a JSON object of texts, such as {"team": "trust"}')
    if len(found) > MAX_LABELS:
        raise InvalidRequest(f"a scan has at most {MAX_LABELS} labels")
    for name, value in found.items():
        _check_label(name, value)
    return found


def label_in(checked: str) -> tuple[str, str]:
    """Name and value of `name=value`, which matches `LABEL`."""
    name, _, value = checked.partition("=")
    return name, value


def _check_label(name: str, value: object) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            "the name of a label is up to 63 letters, digits, dots, hyphens and underscores"
        )
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise InvalidRequest(
            f"the label {name} is no text of up to 200 characters, none of them a control one"
        )


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _max_age(untrusted: str) -> int | None:
    if not untrusted:
        return None
    if not _SECONDS.fullmatch(untrusted) or int(untrusted) > MAX_AGE:
        raise InvalidRequest(f"max_age is a whole number of seconds, at most {MAX_AGE}")
    return int(untrusted)
