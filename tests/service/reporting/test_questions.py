"""Questions keep ratios of their own, and one of them heads a report."""

from detectors.result import Alarm, Claim, Finding, LikelihoodRatio, Outcome
from service.reporting.questions import leading, questions
from tests.service.reports import report


def answered(claim: Claim, log10: float, alarm: Alarm = Alarm.NONE, name: str = "") -> Finding:
    return Finding(
        detector=name or f"detector.{claim}",
        claim=claim,
        model="card",
        outcome=Outcome.SCORED,
        votes=True,
        raw=log10,
        lr=LikelihoodRatio(log10=log10, low=log10 - 0.2, high=log10 + 0.2),
        alarm=alarm,
        seconds=0.1,
    )


PICTURES = answered(Claim.GENERATED, 1.2)
VOICE = answered(Claim.SYNTHETIC_SPEECH, -1.5)


def test_a_genuine_voice_takes_nothing_off_the_ratio_of_the_pictures() -> None:
    asked = questions((PICTURES, VOICE))
    assert [(item.claim, item.lr.log10) for item in asked] == [
        (Claim.GENERATED, 1.2),
        (Claim.SYNTHETIC_SPEECH, -1.5),
    ]
    first = leading(asked)
    assert first is not None
    assert first.lr == PICTURES.lr


def test_what_a_file_is_as_a_whole_heads_the_report_while_no_threshold_is_passed() -> None:
    first = leading(questions((answered(Claim.SYNTHETIC_SPEECH, 0.9), PICTURES)))
    assert first is not None
    assert first.claim is Claim.GENERATED


def test_the_question_that_passes_the_strictest_threshold_heads_the_report() -> None:
    suspected = answered(Claim.GENERATED, 1.4, Alarm.FPR_5)
    accused = answered(Claim.SYNTHETIC_SPEECH, 1.1, Alarm.FPR_1)
    first = leading(questions((suspected, accused)))
    assert first is not None
    assert (first.claim, first.alarm) == (Claim.SYNTHETIC_SPEECH, Alarm.FPR_1)


def test_of_two_that_pass_the_same_threshold_the_higher_ratio_heads_the_report() -> None:
    pair = (
        answered(Claim.GENERATED, 1.1, Alarm.FPR_5),
        answered(Claim.FACE_SWAP, 1.4, Alarm.FPR_5),
    )
    first = leading(questions(pair))
    assert first is not None
    assert first.claim is Claim.FACE_SWAP


def test_classifiers_with_one_question_share_its_ratio() -> None:
    (asked,) = questions((answered(Claim.GENERATED, 2.0, name="a"), PICTURES))
    assert asked.detectors == ("a", PICTURES.detector)
    assert 1.7 < asked.lr.log10 < 1.8  # half of 100 and 16, not the mean of the logs


def test_a_report_names_the_question_that_its_ratio_answers() -> None:
    shown = report(findings=(PICTURES, VOICE))
    assert shown.classifiers == PICTURES.lr
    assert shown.question is Claim.GENERATED
    assert len(shown.questions) == 2


def test_a_report_without_an_answer_has_no_question_and_leaves_the_fields_out() -> None:
    written = report().model_dump(mode="json")
    assert written["classifiers"] is None
    assert not {"question", "questions"} & set(written)
