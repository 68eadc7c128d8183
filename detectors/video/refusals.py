"""Why a film was not judged, in words that are true of the film and not of a single frame."""

from collections.abc import Sequence
from typing import Final

from detectors.errors import NotApplicable
from detectors.result import Reason

MIN_FRAMES: Final = 3
"""Frames that have to be judged before a film is."""


def too_few(
    refusals: Sequence[NotApplicable], *, judged: int, looked: int, short_side: int
) -> NotApplicable:
    """What to say of a film of which `looked` frames were looked at and `judged` had a score.

    Where some frames had one the film is left open: there is something in it to judge.
    """
    if not refusals:
        return NotApplicable(Reason.TOO_SHORT, _short(looked))
    if judged:
        return NotApplicable(
            Reason.FRAMES_REFUSED,
            f"Only {judged} of the {looked} frames that were looked at could be judged. "
            f"At least {MIN_FRAMES} are needed.",
        )
    reasons = {refusal.reason for refusal in refusals}
    if reasons == {Reason.TOO_SMALL}:
        return NotApplicable(
            Reason.TOO_SMALL,
            f"The film is {short_side} px on its short side. That is too small to be judged.",
        )
    if looked == 1:
        return refusals[0].anew()
    return NotApplicable(refusals[-1].reason, _none(looked, reasons))


def _short(frames: int) -> str:
    if frames == 1:
        return f"The film has one frame to judge. At least {MIN_FRAMES} are needed."
    return f"The film has {frames} frames to judge. At least {MIN_FRAMES} are needed."


def _none(looked: int, reasons: set[Reason]) -> str:
    if reasons == {Reason.OUT_OF_DOMAIN}:
        return (
            f"None of the {looked} frames that were looked at could be judged: they are flat all "
            "over, as black ones are."
        )
    if reasons == {Reason.NO_PHOTOGRAPH}:
        return (
            f"None of the {looked} frames that were looked at could be judged: they look more like "
            "documents, screenshots or charts than photographs."
        )
    return (
        f"None of the {looked} frames that were looked at could be judged: too dark, too plain or "
        "no photographs."
    )
