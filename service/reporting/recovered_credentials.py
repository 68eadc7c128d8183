"""Credentials recovered from the original of a copy: what a match may say, and in which words.

A match is an indication. Nothing ties these pixels to the original's signature, so a recovered
capture verifies nothing, and one that differs from its original in places speaks against itself.
The comparison is a coarse one: it misses what is small or subtle, such as a good face swap.
"""

from collections.abc import Callable, Iterator
from typing import Final

from provenance.result import Integrity, Presence, Provenance
from provenance.similarity.result import Match, Via
from service.language.spoken import N_, _, n_
from service.reporting.report import Evidence, Rank, Signal

MOSTLY: Final = 0.5
"""Share of a picture that its original must fill to speak for the whole of it."""

CAUTION: Final = N_("A likeness is no signature, and small or subtle changes escape it.")

RECOVERED_ID: Final = "recovered."
"""What the id of such evidence begins with, before the number of the match."""

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
            if item.signal in (Signal.BROKEN, Signal.UNRELIABLE):
                continue
            seen.add(match.original.sha256)
            signal = _signal(match, item.signal)
            indexed = _("When it was indexed: {statement}", statement=item.statement)
            statement = f"{in_words(match)} {indexed} {_(CAUTION)}"
            yield Evidence(
                id=f"{RECOVERED_ID}{index}",
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
    name = _(
        "“{name}” (sha256 {sha256}…)",
        name=original.name,
        sha256=original.sha256[:_SHOWN_HASH],
    )
    if match.via is Via.BYTES:
        return _("This is exactly the file {original}.", original=name)
    if match.via is Via.SOUND:
        what = _("The sound is a re-encoded copy of that of {original}", original=name)
    elif match.via is Via.PICTURE and match.start is not None:
        what = _(
            "This is a re-encoded still of {original}, about {start} s into it",
            original=name,
            start=f"{match.start:.0f}",
        )
    else:
        what = _("This is a re-encoded copy of {original}", original=name)
    done = changes(match)
    if not done:
        return _("{what}; {likeness}.", what=what, likeness=_likeness(match))
    return _(
        "{what}: {changes}; {likeness}.",
        what=what,
        changes=", ".join(done),
        likeness=_likeness(match),
    )


def changes(match: Match) -> tuple[str, ...]:
    """What was done to the original, each in a few words."""
    return tuple(_changes(match))


def _changes(match: Match) -> Iterator[str]:
    if match.scale is not None and abs(match.scale - 1) > _SAME_SIZE:
        yield _("scaled to {share} %", share=_percent(match.scale))
    if match.visible < _WHOLE:
        yield _("cropped by about {share} % of its area", share=_percent(1 - match.visible))
    if match.mirrored:
        yield _("mirrored")
    if abs(match.turned) > _LEVEL:
        yield _("turned by {degrees}°", degrees=f"{match.turned:.0f}")
    if match.filled < _WHOLE:
        yield _(
            "placed in a border or a larger picture, of which it fills {share} %",
            share=_percent(match.filled),
        )
    if match.via in (Via.FRAMES, Via.SOUND) and _is_excerpt(match):
        yield _(
            "an excerpt from {start} s to {end} s",
            start=f"{match.start:.0f}",
            end=f"{match.end:.0f}",
        )
    if match.altered:
        yield n_(
            "different from the original in one place",
            "different from the original in {count} places",
            len(match.altered),
        )


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _is_excerpt(match: Match) -> bool:
    whole = match.original.seconds
    if match.start is None or match.end is None or whole is None:
        return False
    return match.end - match.start < _AN_EXCERPT * whole


def _likeness(match: Match) -> str:
    if match.via is Via.SOUND:
        return _("landmarks agree in {share} % of it", share=_percent(match.similarity))
    if match.via is Via.FRAMES:
        return _(
            "likeness {likeness} in {frames} frames",
            likeness=f"{match.similarity:.2f}",
            frames=f"{match.agreeing}",
        )
    return _("likeness {likeness}", likeness=f"{match.similarity:.2f}")
