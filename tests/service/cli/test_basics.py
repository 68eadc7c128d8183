import os
from pathlib import Path

import pytest

from service.cli.audit.walk import Skip, walk
from service.cli.complain import code_of, sentence_of
from service.cli.exit_codes import MEANING, ExitCode, exit_code
from service.errors import EmptyFile
from service.reporting.report import Verdict
from tests.service.command_line import assay

FOUND = {
    Verdict.VERIFIED_AI,
    Verdict.DECLARED_AI,
    Verdict.CREDENTIALS_BROKEN,
    Verdict.LIKELY_SYNTHETIC,
    Verdict.LIKELY_MANIPULATED,
}
QUIET = {Verdict.VERIFIED_CAPTURE, Verdict.NO_SIGN_FOUND}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_exit_code(verdict: Verdict) -> None:
    expected = ExitCode.INCONCLUSIVE
    if verdict in FOUND:
        expected = ExitCode.FOUND
    elif verdict in QUIET:
        expected = ExitCode.NOTHING_FOUND
    elif verdict is Verdict.NOT_APPLICABLE:
        expected = ExitCode.NOT_ANALYSED
    assert exit_code([verdict], failures=False) is expected


def test_something_found_outweighs_failures_and_failures_outweigh_doubt() -> None:
    doubt = [Verdict.INCONCLUSIVE, Verdict.NO_SIGN_FOUND]
    assert exit_code([*doubt, Verdict.DECLARED_AI], failures=True) is ExitCode.FOUND
    assert exit_code(doubt, failures=True) is ExitCode.NOT_ANALYSED
    assert exit_code(doubt, failures=False) is ExitCode.INCONCLUSIVE
    assert exit_code([], failures=False) is ExitCode.NOTHING_FOUND


def test_the_help_of_every_judging_command_names_every_exit_code(tmp_path: Path) -> None:
    for command in ((), ("check",), ("audit",), ("show",)):
        ran = assay(*command, "--help", data=tmp_path)
        assert ran.code == 0
        for code in ExitCode:
            assert f"{code}  {MEANING[code]}" in " ".join(ran.out.split()).replace(
                f"{code} ", f"{code}  "
            )


def test_a_wrong_option_is_a_usage_error(tmp_path: Path) -> None:
    ran = assay("check", "--nonsense", "x.jpg", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "--nonsense" in ran.err


def test_settings_that_make_no_sense_are_named_and_end_the_command(tmp_path: Path) -> None:
    ran = assay("check", "x.jpg", data=tmp_path, more={"ASSAY_UPLOADS__IMAGE_BYTES": "-3"})
    assert ran.code == ExitCode.USAGE
    assert "ASSAY_UPLOADS__IMAGE_BYTES" in ran.err
    assert "Traceback" not in ran.err


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert assay("--version", data=tmp_path).out.startswith("assay ")


def test_errors_say_a_sentence_and_a_stable_code() -> None:
    assert code_of(EmptyFile("no byte arrived")) == "empty_file"
    assert sentence_of(EmptyFile("no byte\x1b[31m arrived")) == "no byte [31m arrived"
    refused = PermissionError(13, "Permission denied")
    assert (code_of(refused), sentence_of(refused)) == ("unreadable", "Permission denied")


def test_a_walk_is_sorted_deep_and_stays_inside(tmp_path: Path) -> None:
    for name in ("b/z.jpg", "b/a.jpg", "a.jpg", "c.jpg", "b/deep/er/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    found = list(walk(tmp_path))
    assert [(it.path, it.skipped) for it in found] == [
        ("a.jpg", None),
        ("b/a.jpg", None),
        ("b/deep/er/x.jpg", None),
        ("b/z.jpg", None),
        ("c.jpg", None),
        ("link.jpg", Skip.SYMLINK),
        ("loop", Skip.SYMLINK),
        ("pipe.jpg", Skip.SPECIAL_FILE),
    ]
    assert all(it.refused is None for it in found)


def test_a_folder_that_cannot_be_opened_is_reported_by_the_walk(tmp_path: Path) -> None:
    found = list(walk(tmp_path / "gone"))
    assert [(it.path, type(it.refused)) for it in found] == [(".", FileNotFoundError)]
