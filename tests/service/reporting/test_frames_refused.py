"""A film of which no frame could be judged: silence of its sound does not clear the pictures."""

from detectors.base import Kind
from detectors.result import Alarm, Claim, Reason
from service.reporting.report import Verdict
from tests.service.reports import report, scored, silent

FLAT = silent(
    reason=Reason.OUT_OF_DOMAIN,
    detector="video.frames",
    explanation="100 % of the picture is flat: there is nothing to judge.",
)
MUTE = silent(reason=Reason.NO_SPEECH, detector="audio.ensemble").model_copy(
    update={"claim": Claim.SYNTHETIC_SPEECH}
)
VOICE = scored(-0.9, detector="audio.ensemble", claim=Claim.SYNTHETIC_SPEECH)
ACCUSED = scored(2.5, Alarm.FPR_1, detector="audio.ensemble", claim=Claim.SYNTHETIC_SPEECH)
FRAMES = scored(-0.9, detector="video.frames")
FACELESS = silent(reason=Reason.NO_FACE, detector="video.face_swap").model_copy(
    update={"claim": Claim.FACE_SWAP}
)


def test_a_voice_does_not_clear_pictures_that_nobody_could_judge() -> None:
    film = report(kind=Kind.VIDEO, findings=(FLAT, VOICE))
    assert film.verdict is Verdict.INCONCLUSIVE
    (gap,) = film.not_checked
    assert gap.reason == Reason.FRAMES_REFUSED
    assert film.headline == f"No conclusion is possible. {gap.statement}"
    assert gap.statement.endswith(FLAT.explanation)


def test_a_voice_accuses_all_the_same() -> None:
    accused = report(kind=Kind.VIDEO, findings=(FLAT, ACCUSED))
    assert accused.verdict is Verdict.LIKELY_SYNTHETIC


def test_a_film_without_a_voice_is_cleared_by_its_pictures_and_without_both_by_nothing() -> None:
    assert report(kind=Kind.VIDEO, findings=(FRAMES, MUTE)).verdict is Verdict.NO_SIGN_FOUND
    assert report(kind=Kind.VIDEO, findings=(FLAT, MUTE)).verdict is Verdict.NOT_APPLICABLE


def test_who_found_no_face_has_looked() -> None:
    looked = report(kind=Kind.VIDEO, findings=(FRAMES, FACELESS, VOICE))
    assert looked.verdict is Verdict.NO_SIGN_FOUND
