import pytest

from detectors.base import Kind
from detectors.registry import SPECS
from detectors.result import Claim, Finding, Outcome, Reason
from service.language.languages import Language, speaking
from service.language.reading import told
from service.rendering.summary import summary
from service.reporting.unasked import NOT_ASKED, unasked
from tests.service import reports
from tests.service.reports import scored, silent


def asked(*claims: Claim, votes: bool = True) -> tuple[Finding, ...]:
    return tuple(scored(-1.0, claim=claim, votes=votes) for claim in claims)


NO_FACE = silent(reason=Reason.NO_FACE).model_copy(
    update={"claim": Claim.FACE_SWAP, "votes": False}
)
PICTURE = asked(Claim.GENERATED) + asked(Claim.FACE_SWAP, Claim.LOCAL_EDIT, votes=False)
FILM = asked(Claim.GENERATED, Claim.SYNTHETIC_SPEECH) + asked(Claim.FACE_SWAP, votes=False)
SWAPPED, EDITED, LIPS = "a face was swapped in", "parts were edited", "lips were made to fit"


@pytest.mark.parametrize(
    ("kind", "findings", "open_"),
    [
        (Kind.IMAGE, PICTURE, {SWAPPED, EDITED}),
        (Kind.IMAGE, (*asked(Claim.GENERATED), NO_FACE), {EDITED}),
        (Kind.IMAGE, asked(Claim.GENERATED, Claim.LOCAL_EDIT), {SWAPPED}),
        (Kind.IMAGE, asked(*Claim), set()),
        (Kind.VIDEO, FILM, {SWAPPED, EDITED, LIPS}),
        (Kind.VIDEO, (*FILM[:2], NO_FACE), {EDITED}),
        (Kind.VIDEO, asked(Claim.GENERATED), {SWAPPED, EDITED}),
        (Kind.VIDEO, asked(*Claim), {LIPS}),
        (Kind.AUDIO, asked(Claim.SYNTHETIC_SPEECH), {EDITED}),
    ],
)
def test_what_no_vote_was_cast_on_is_named_and_nothing_else(
    kind: Kind, findings: tuple[Finding, ...], open_: set[str]
) -> None:
    gap = unasked(kind, findings)
    said = "" if gap is None else gap.statement
    assert {words for words in (SWAPPED, EDITED, LIPS) if words in said} == open_
    assert (gap is None) is (not open_)


def test_a_classifier_that_was_asked_in_vain_is_a_gap_of_its_own() -> None:
    refused = silent().model_copy(update={"claim": Claim.LOCAL_EDIT})
    assert refused.outcome is Outcome.NOT_APPLICABLE
    gap = unasked(Kind.IMAGE, (*asked(Claim.GENERATED, Claim.FACE_SWAP), refused))
    assert gap is None


def test_every_question_of_the_registry_is_known_here() -> None:
    for spec in SPECS:
        gap = unasked(spec.kind, ())
        assert gap is not None
        others = asked(*(set(Claim) - {spec.claim}))
        alone = unasked(spec.kind, others)
        assert alone is not None
        assert alone.statement != gap.statement


def test_the_summary_says_it_in_full_and_before_all_else() -> None:
    gap = unasked(Kind.VIDEO, FILM)
    assert gap is not None
    assert gap.reason == NOT_ASKED
    report = reports.no_sign_found().model_copy(update={"not_checked": (gap,)})
    assert summary(report, ("Other questions",)).unchecked == gap.statement
    both = summary(report, ("Other questions", "Sound")).unchecked
    assert (
        both
        == f"{gap.statement} Nor was this checked, or not in full: Sound. The list below says why."
    )


def test_a_stored_sentence_is_read_in_german() -> None:
    gap = unasked(Kind.VIDEO, FILM)
    assert gap is not None
    with speaking(Language.GERMAN):
        assert "oder ob Lippen" in told(gap.statement)
