"""A report in short: how it is known, how sure that is, what was not checked, what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.language.spoken import N_, Words, _, capital, n_
from service.reporting.credential_words import Standing
from service.reporting.credentials import standing
from service.reporting.evidence import CLASSIFIER_ID, kind_of
from service.reporting.names import as_sentence, called
from service.reporting.report import Evidence, NotChecked, Rank, Report, Signal, Verdict
from service.reporting.unasked import NOT_ASKED
from service.reporting.wording import CLAIMS, EVEN, likelier


class Side(StrEnum):
    """For what a piece of evidence speaks."""

    AI = "ai"
    AGAINST = "against"
    BELOW = "below"
    MIXED = "mixed"
    CAMERA = "camera"
    NEITHER = "neither"


SPEAKS: Final = Words(
    {
        Side.AI: "speaks for AI or a change",
        Side.AGAINST: "speaks against AI or a change",
        Side.BELOW: "speaks for AI or a change, and passes no threshold",
        Side.MIXED: "speaks for and against AI or a change",
        Side.CAMERA: "speaks for a camera",
        Side.NEITHER: "speaks for neither",
    }
)


SIDES: Final[Mapping[Signal, Side]] = {
    **dict.fromkeys(Signal, Side.NEITHER),
    **dict.fromkeys(
        (
            Signal.SIGNED_AI,
            Signal.CLAIMED_AI,
            Signal.WATERMARKED_AI,
            Signal.MARKED_AI,
            Signal.RECOVERED_AI,
            Signal.BROKEN,
            Signal.ALTERED_COPY,
            Signal.SYNTHETIC,
            Signal.MANIPULATED,
            Signal.SUSPECT,
        ),
        Side.AI,
    ),
    **dict.fromkeys(
        (
            Signal.SIGNED_CAPTURE,
            Signal.CLAIMED_CAPTURE,
            Signal.MARKED_CAPTURE,
            Signal.RECOVERED_CAPTURE,
        ),
        Side.CAMERA,
    ),
}
"""What each signal speaks for by itself; `side_of` also looks at the ratio of a classifier."""


def side_of(item: Evidence, report: Report) -> Side:
    """For what a piece of evidence speaks, never other than its own sentence.

    A classifier that stays below its thresholds speaks for what its ratio says, in its sentence's
    words for the strength. It never speaks for a camera: no sign is no sign of the opposite.
    """
    side = SIDES[item.signal]
    if item.signal not in {Signal.UNREMARKABLE, Signal.SUSPECT}:
        return side
    name = item.id.removeprefix(CLASSIFIER_ID)
    ratio = next((found.lr for found in report.findings if found.detector == name), None)
    if ratio is None or abs(ratio.log10) < EVEN:
        return side
    if item.signal is Signal.SUSPECT:
        return Side.MIXED if ratio.log10 < 0 else side
    return Side.AGAINST if ratio.log10 < 0 else Side.BELOW


SURE: Final = Words(
    {
        Rank.TRUSTED_CREDENTIALS: (
            "The signature was checked, and the signer is on a trust list. It vouches for what was "
            "signed, not for what a caption says."
        ),
        Rank.BROKEN_CREDENTIALS: (
            "That something changed after signing was measured here. Why it changed is not known: "
            "some programs do this to honest files."
        ),
        Rank.UNTRUSTED_CREDENTIALS: (
            "The signature fits the file, but no list vouches for the signer. Anyone can sign like that."
        ),
        Rank.WATERMARK: (
            "A mark like this hardly ever appears by chance. Somebody could still put it into a real "
            "picture."
        ),
        Rank.DECLARED_MARKER: (
            "Nobody signed the statement, and anyone can write one. Few people label a real picture "
            "as AI."
        ),
        Rank.RECOVERED_CREDENTIALS: (
            "The original is known and signed, this copy is not. Small changes to a copy escape the "
            "comparison."
        ),
        Rank.CLASSIFIER: "Classifiers err, and they see content, not the story behind it.",
        Rank.CONSISTENCY: "Metadata that does not fit mostly has a harmless cause.",
        Rank.SECOND_OPINION: "Two programs that verify signatures disagree.",
    }
)

UNSURE: Final = Words(
    {
        Standing.FLAWED: (
            "Something in the credentials fails its check, so what they state cannot be relied on, "
            "whoever signed them."
        ),
        Standing.ORIGIN_UNVOUCHED: (
            "The file's signer is on a trust list, but nobody trusted vouches for what its history "
            "states. Anyone can sign a statement like that."
        ),
    }
)

NEXT: Final = Words(
    {
        Verdict.VERIFIED_CAPTURE: (
            "Check that signer, time and place fit the story. A genuine photograph can be shown under "
            "a false caption."
        ),
        Verdict.VERIFIED_AI: "Treat it as made or edited with AI, and say so where you show it.",
        Verdict.DECLARED_AI: (
            "Treat it as made or edited with AI unless the sender can show an original that was not."
        ),
        Verdict.CREDENTIALS_BROKEN: (
            "Ask for the file as it was first signed, and compare the two here."
        ),
        Verdict.LIKELY_SYNTHETIC: (
            "Do not publish it, and accuse nobody, on this alone. Ask for the original file, look for "
            "earlier copies, and let a second person look."
        ),
        Verdict.LIKELY_MANIPULATED: (
            "Do not publish it, and accuse nobody, on this alone. Ask for the original file, compare "
            "the two here, and look closely at the marked places."
        ),
        Verdict.NO_SIGN_FOUND: (
            "Do not read this as genuine. Check source, place and time in other ways, and ask for the "
            "original file."
        ),
        Verdict.INCONCLUSIVE: (
            "A person has to decide. Ask for the original file or a better copy, and scan that too."
        ),
        Verdict.NOT_APPLICABLE: "Nothing here speaks about this file. Check its source in other ways.",
    }
)

NOTHING_FOUND: Final = N_("Nothing was found that says anything about this file.")
UNSETTLED: Final = N_("Something was found, and none of it settles the matter.")
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Summary:
    """What somebody reads who has ten seconds."""

    how: str
    sure: str
    unchecked: str
    next: str


def summary(report: Report, gaps: tuple[str, ...]) -> Summary:
    """In short. `gaps` names what was not checked."""
    decided = [item for item in report.evidence if item.id in report.basis]
    kinds = dict.fromkeys(kind_of(item, report) for item in decided)
    return Summary(
        how=f"{'; '.join(kinds)}." if kinds else _(UNSETTLED if report.evidence else NOTHING_FOUND),
        sure=_sure(report, decided[0].rank if decided else None),
        unchecked=_unchecked(report, gaps),
        next=NEXT[report.verdict],
    )


def _sure(report: Report, rank: Rank | None) -> str:
    if rank is None:
        return _("What is below is too little to be sure of anything, either way.")
    if rank is Rank.CLASSIFIER and report.classifiers is not None and report.question is not None:
        ratio = likelier(report.classifiers.log10, CLAIMS[report.question])
        said = _("Such a score is about {likely}.", likely=ratio)
        return f"{said} {SURE[rank]}"
    if rank is Rank.UNTRUSTED_CREDENTIALS and report.provenance is not None:
        found = standing(report.provenance)
        return SURE[rank] if found is None else UNSURE[found]
    return SURE[rank]


def _unchecked(report: Report, gaps: tuple[str, ...]) -> str:
    unasked = [item for item in report.not_checked if item.reason == NOT_ASKED]
    if unasked:
        return _beside(unasked[0], gaps)
    if not gaps and report.subject.notes:
        return _(
            "Every check made for this kind of file ran. The list below says how the file was read."
        )
    if not gaps:
        return _("Nothing: every check made for this kind of file ran.")
    named = _named(gaps)
    return n_(
        "{count} thing: {names}. The list below says why.",
        "{count} things: {names}. The list below says why.",
        len(gaps),
        names=named,
    )


def _beside(unasked: NotChecked, gaps: tuple[str, ...]) -> str:
    """The questions that nobody asked in full, before anything else that was not checked."""
    said = as_sentence(unasked.statement)
    others = tuple(name for name in gaps if name != capital(called(unasked.what)))
    if not others:
        return said
    more = _(
        "Nor was this checked, or not in full: {names}. The list below says why.",
        names=_named(others),
    )
    return f"{said} {more}"


def _named(gaps: tuple[str, ...]) -> str:
    named = "; ".join(gaps[:_NAMED])
    return _("{names}; and more", names=named) if len(gaps) > _NAMED else named
