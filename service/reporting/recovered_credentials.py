"""Credentials recovered from the original of a copy: what a match may say, and in which words.

A match is an indication. Nothing ties these pixels to the original's signature, so a recovered
capture verifies nothing, and one that differs from its original in places speaks against itself.
The comparison is a coarse one: it misses what is small or subtle, such as a good face swap.
"""

from collections.abc import Callable, Iterator
from typing import Final

from provenance.result import Integrity, Presence, Provenance
from provenance.similarity.result import Match, Via
from service.reporting.report import Evidence, Rank, Signal

MOSTLY: Final = 0.5
"""Share of a picture that its original must fill to speak for the whole of it."""

CAUTION: Final = "A likeness is no signature, and small or subtle changes escape it."

_RECOVERED: Final = {
    Signal.SIGNED_AI: Signal.RECOVERED_AI,
    Signal.SIGNED_CAPTURE: Signal.RECOVERED_CAPTURE,
}
_SHOWN_HASH: Final = 12
_SAME_SIZE: Final = 0.02  # of the size: less is rounding
_WHOLE: Final = 0.98  # of an area: more is all of it
_LEVEL: Final = 2.0  # degrees
_AN_EXCERPT: Final = 0.97  # of the length: more is all of it


def recovered(
    matches: tuple[Match, ...],
    own: Provenance | None,
    judged: Callable[[Provenance], Iterator[Evidence]],
) -> Iterator[Evidence]:
    """Evidence from the credentials of originals, unless the file has intact ones itself.

    `judged` says what credentials say of the file that bears them.
    """
    if own is not None and own.integrity is Integrity.INTACT:
        return
    seen: set[str] = set()
    for index, match in enumerate(matches):
        found = match.original.provenance
        if found is None or found.presence is Presence.NONE or match.original.sha256 in seen:
            continue
        for item in judged(found):
            if item.signal is Signal.BROKEN:
                continue
            seen.add(match.original.sha256)
            signal = _signal(match, item.signal)
            statement = f"{in_words(match)} When it was indexed: {item.statement} {CAUTION}"
            yield Evidence(
                id=f"recovered.{index}",
                rank=Rank.RECOVERED_CREDENTIALS,
                signal=signal,
                statement=statement,
            )


def _signal(match: Match, said: Signal) -> Signal:
    """What the original's trusted signer says, as far as it may be said of the copy."""
    sound = match.via is Via.SOUND
    speaks = match.original.kind == "audio" if sound else match.filled >= MOSTLY
    if not speaks or said not in _RECOVERED:
        return Signal.RECOVERED_OTHER
    if said is Signal.SIGNED_CAPTURE and match.altered:
        return Signal.ALTERED_COPY
    return _RECOVERED[said]


def in_words(match: Match) -> str:
    """One sentence: what this file has in common with the original, and what was changed."""
    original = match.original
    name = f"“{original.name}” (sha256 {original.sha256[:_SHOWN_HASH]}…)"
    if match.via is Via.BYTES:
        return f"This is exactly the file {name}."
    if match.via is Via.SOUND:
        what = f"The sound is a re-encoded copy of that of {name}"
    elif match.via is Via.PICTURE and match.start is not None:
        what = f"This is a re-encoded still of {name}, about {match.start:.0f} s into it"
    else:
        what = f"This is a re-encoded copy of {name}"
    done = changes(match)
    changed = f": {', '.join(done)}" if done else ""
    return f"{what}{changed}; {_likeness(match)}."


def changes(match: Match) -> tuple[str, ...]:
    """What was done to the original, each in a few words."""
    return tuple(_changes(match))


def _changes(match: Match) -> Iterator[str]:
    if match.scale is not None and abs(match.scale - 1) > _SAME_SIZE:
        yield f"scaled to {_percent(match.scale)}"
    if match.visible < _WHOLE:
        yield f"cropped by about {_percent(1 - match.visible)} of its area"
    if match.mirrored:
        yield "mirrored"
    if abs(match.turned) > _LEVEL:
        yield f"turned by {match.turned:.0f}°"
    if match.filled < _WHOLE:
        yield f"placed in a border or a larger picture, of which it fills {_percent(match.filled)}"
    if match.via in (Via.FRAMES, Via.SOUND) and _is_excerpt(match):
        yield f"an excerpt from {match.start:.0f} s to {match.end:.0f} s"
    if match.altered:
        places = "one place" if len(match.altered) == 1 else f"{len(match.altered)} places"
        yield f"different from the original in {places}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _is_excerpt(match: Match) -> bool:
    whole = match.original.seconds
    if match.start is None or match.end is None or whole is None:
        return False
    return match.end - match.start < _AN_EXCERPT * whole


def _likeness(match: Match) -> str:
    if match.via is Via.SOUND:
        return f"landmarks agree in {_percent(match.similarity)} of it"
    if match.via is Via.FRAMES:
        return f"likeness {match.similarity:.2f} in {match.agreeing} frames"
    return f"likeness {match.similarity:.2f}"
