import pytest

from service.cli.exit_codes import ExitCode, exit_code


@pytest.mark.parametrize(
    ("answers", "failures", "expected"),
    [
        ((), False, ExitCode.NOTHING_FOUND),
        (("no_sign_found",), False, ExitCode.NOTHING_FOUND),
        (("not_applicable",), False, ExitCode.NOT_ANALYSED),
        (("no_sign_found", "not_applicable", "inconclusive"), False, ExitCode.NOT_ANALYSED),
        (("not_applicable", "allow"), False, ExitCode.NOT_ANALYSED),
        (("no_sign_found",), True, ExitCode.NOT_ANALYSED),
        (("inconclusive", "no_sign_found"), False, ExitCode.INCONCLUSIVE),
        (("not_applicable", "likely_synthetic"), True, ExitCode.FOUND),
    ],
)
def test_silence_that_was_no_search_never_ends_in_zero(
    *, answers: tuple[str, ...], failures: bool, expected: ExitCode
) -> None:
    assert exit_code(answers, failures=failures) is expected


def test_who_fails_on_it_is_told_so() -> None:
    asked = frozenset({"not_applicable"})
    assert exit_code(["not_applicable"], failures=False, fail_on=asked) is ExitCode.FOUND
