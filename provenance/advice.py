"""What a reader should know about credentials that were read: how to take what was found."""

from typing import Final

from provenance.origin import contradiction
from provenance.result import Integrity, Manifest, Span

_MISMATCH_ADVICE: Final = (
    "the hash shows that bytes changed after signing; added metadata or appended data do that as "
    "well, so it is no proof that the picture or sound was edited"
)

_SEGMENT_ADVICE: Final = "this is the first segment of a video in segments; its hash cannot be compared without the others"

_EXCLUSION_ADVICE: Final = (
    "the signer left more of the file out of the hash than the manifest itself; what lies there, "
    "such as the order of samples, may have changed unnoticed"
)

_UNSIGNED: Final = "are not covered by the signature; nobody signed them"
_TAIL_ADVICE: Final = "{length:,} bytes from byte {start:,} on " + _UNSIGNED


def warnings(
    integrity: Integrity,
    manifests: tuple[Manifest, ...],
    unsigned: tuple[Span, ...],
    *,
    lone: bool,
) -> tuple[str, ...]:
    """Sentences for a reader of credentials that were read; `lone` is a segment without the rest."""
    active, found = manifests[0], list(filter(None, map(contradiction, manifests)))
    if integrity is Integrity.ASSET_MISMATCH:
        found.append(_MISMATCH_ADVICE)
    if lone:
        found.append(_SEGMENT_ADVICE)
    if any("additionalExclusions" in notice.code for notice in active.notices):
        found.append(_EXCLUSION_ADVICE)
    found += [_TAIL_ADVICE.format(start=span.start, length=span.length) for span in unsigned]
    return tuple(found)


def tells_what_evidence_tells(warning: str) -> bool:
    """Whether a report's evidence says the same as this warning."""
    return warning == _MISMATCH_ADVICE or warning.endswith(_UNSIGNED)
