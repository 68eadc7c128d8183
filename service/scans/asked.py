"""What a client asks for beside the analysis of a file: its own fields, priority, reuse."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from service.db.lifecycle import Priority
from service.errors import InvalidRequest

REFERENCE_LENGTH: Final = 200
MAX_LABELS: Final = 16
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
LABEL_VALUE_LENGTH: Final = 200
PRINTABLE: Final = r"[^\x00-\x1f\x7f-\x9f]"

LABEL: Final = f"^{_NAME}={PRINTABLE}{{0,{LABEL_VALUE_LENGTH}}}$"
"""Pattern of one label."""

_LABEL: Final = re.compile(f"({_NAME})=({PRINTABLE}{{0,{LABEL_VALUE_LENGTH}}})")
_REFERENCE: Final = re.compile(f"{PRINTABLE}{{0,{REFERENCE_LENGTH}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client says with a file. `labels` are names and values of its own."""

    reference: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: Priority = Priority.NORMAL


def reference_in(untrusted: str) -> str | None:
    """A client's own name for a scan, None for an empty one. Raises `InvalidRequest`."""
    if not _REFERENCE.fullmatch(untrusted):
        raise InvalidRequest(
            f"a reference is at most {REFERENCE_LENGTH} characters, none of them a control one"
        )
    return untrusted or None


def label_in(untrusted: str) -> tuple[str, str]:
    """Name and value of `name=value`. Raises `InvalidRequest`."""
    found = _LABEL.fullmatch(untrusted)
    if found is None:
        raise InvalidRequest(
            f"a label is name=value: a name of up to 63 letters, digits, dots, hyphens and "
            f"underscores, a value of up to {LABEL_VALUE_LENGTH} characters"
        )
    return found[1], found[2]


def labels_in(untrusted: Iterable[str]) -> dict[str, str]:
    """Labels by name. Raises `InvalidRequest`, also for one that comes twice."""
    labels: dict[str, str] = {}
    for name, value in map(label_in, untrusted):
        if name in labels:
            raise InvalidRequest(f"the label {name} was sent twice")
        labels[name] = value
    if len(labels) > MAX_LABELS:
        raise InvalidRequest(f"a scan has at most {MAX_LABELS} labels")
    return labels
