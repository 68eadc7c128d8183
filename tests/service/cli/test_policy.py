"""`assay policy` and `--policy` as programs: actions in reports, lines and tables, and a replay."""

import csv
import json
from pathlib import Path

import pytest

from service.cli.exit_codes import ExitCode
from service.policies.decide import decide
from service.policies.library import NAMES, built_in
from service.reporting.decision import PolicyAction
from service.reporting.report import Report
from tests import media
from tests.service import reports
from tests.service.command_line import assay

PROVENANCE = ("--only", "provenance")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    (folder / "plain.jpg").write_bytes(media.jpeg(media.photo_like(160, 120)))
    (folder / "copy.jpg").write_bytes((folder / "plain.jpg").read_bytes())
    (folder / "declared.jpg").write_bytes(media.declared_ai_jpeg(128, 128))
    (folder / "notes.txt").write_text("not media")
    return folder


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """Blocks what declares AI and lets everything else pass, searched or not."""
    path = tmp_path / "strict.json"
    rule = {"name": "AI", "when": {"verdicts": ["declared_ai"]}, "action": "block"}
    more = {"default": "allow", "on_no_search": "allow"}
    path.write_text(json.dumps({"name": "strict", "rules": [rule], **more}))
    return path


def test_a_check_says_what_the_policy_does_and_why(folder: Path, tmp_path: Path) -> None:
    ran = assay("check", *PROVENANCE, folder / "plain.jpg", "--policy", "moderation", data=tmp_path)
    assert ran.code == ExitCode.NOTHING_FOUND
    assert "Review by policy moderation, version 1" in ran.out
    assert "No classifier that the policy admits judged the content." in ran.out


def test_the_report_of_a_check_carries_the_decision_and_its_page_shows_it(
    folder: Path, tmp_path: Path, strict: Path
) -> None:
    html = tmp_path / "out.html"
    asked = ("check", *PROVENANCE, folder / "declared.jpg", "--policy", strict)
    ran = assay(*asked, "--json", "--html", html, data=tmp_path)
    report = Report.model_validate_json(ran.out)
    assert report.decision is not None
    assert report.decision.action is PolicyAction.BLOCK
    page = html.read_text()
    assert '<h2 id="decision">Decision</h2>' in page
    assert "Block" in page


def test_without_a_policy_nothing_is_decided(folder: Path, tmp_path: Path) -> None:
    ran = assay("check", *PROVENANCE, "--json", folder / "plain.jpg", data=tmp_path)
    assert "decision" not in json.loads(ran.out)


def test_actions_can_make_a_check_fail(folder: Path, tmp_path: Path, strict: Path) -> None:
    asked = ("check", *PROVENANCE, "--json", "--policy", strict, "--fail-on")
    declared, plain = folder / "declared.jpg", folder / "plain.jpg"
    assert assay(*asked, "block", declared, data=tmp_path).code == ExitCode.FOUND
    assert assay(*asked, "review", declared, data=tmp_path).code == ExitCode.NOTHING_FOUND
    assert assay(*asked, "allow", plain, data=tmp_path).code == ExitCode.FOUND


def test_an_action_without_a_policy_is_refused(folder: Path, tmp_path: Path) -> None:
    ran = assay("check", folder / "plain.jpg", "--fail-on", "block", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "takes a --policy" in ran.err


@pytest.mark.parametrize("command", ["check", "audit"])
def test_a_policy_that_is_none_ends_the_command_first(
    command: str, folder: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"name": "bad", "rules": [], "default": "alow"}')
    subject = (folder / "plain.jpg",) if command == "check" else (folder, "--out", "-")
    ran = assay(command, *subject, "--policy", bad, data=tmp_path)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert "$.default: there is no value 'alow'; did you mean allow?" in ran.err
    assert "[policy_invalid]" in ran.err


def test_lines_and_table_of_an_audit_carry_the_action(
    folder: Path, tmp_path: Path, strict: Path
) -> None:
    out, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    asked = ("audit", folder, "--out", out, "--csv", table, *PROVENANCE, "--policy", strict)
    ran = assay(*asked, "--fail-on", "block", data=tmp_path)
    assert ran.code == ExitCode.FOUND
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    expected = {
        "copy.jpg": "allow",
        "declared.jpg": "block",
        "notes.txt": None,
        "plain.jpg": "allow",
    }
    assert {line["path"]: line["action"] for line in lines} == expected
    for line in lines:
        if line["report"] is not None:
            assert line["report"]["decision"]["action"] == line["action"]
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert {row["path"]: row["action"] or None for row in rows} == expected
    assert "action: Block" in ran.out
    again = assay(*asked, "--fail-on", "block", data=tmp_path)
    assert again.code == ExitCode.FOUND, "lines of earlier runs count"


def test_an_audit_goes_on_under_the_policy_it_began_with_alone(
    folder: Path, tmp_path: Path, strict: Path
) -> None:
    out = tmp_path / "out.jsonl"
    asked = ("audit", folder, "--out", out, *PROVENANCE)
    assay(*asked, "--policy", strict, data=tmp_path)
    for other in ((), ("--policy", "newsroom")):
        ran = assay(*asked, *other, data=tmp_path)
        assert ran.code == ExitCode.USAGE
        assert "another policy" in ran.err


def test_checking_a_policy_names_every_place_that_is_wrong(tmp_path: Path, strict: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"name": "bad", "rules": [{"name": "a", "action": "review"}], "x": 1}')
    ran = assay("policy", "check", strict, bad, tmp_path / "absent.json", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "strict version 1, 1 rule" in ran.out
    assert "$.rules[0].when: this field is needed" in ran.err
    assert "$.default: this field is needed" in ran.err
    assert "$.x: there is no field 'x'" in ran.err
    assert "absent.json" in ran.err
    assert assay("policy", "check", strict, data=tmp_path).code == ExitCode.NOTHING_FOUND


def test_policies_that_ship_are_listed_and_shown_as_files_that_read(tmp_path: Path) -> None:
    listed = assay("policy", "show", data=tmp_path).out
    assert all(f"{name}: " in listed for name in NAMES)
    copy = tmp_path / "copy.json"
    copy.write_text(assay("policy", "show", "newsroom", data=tmp_path).out)
    assert built_in("newsroom").digest in assay("policy", "check", copy, data=tmp_path).out
    wrong = assay("policy", "show", "newsrom", data=tmp_path)
    assert (wrong.code, wrong.out) == (ExitCode.USAGE, "")
    assert "did you mean newsroom?" in wrong.err


def test_the_schema_is_printed(tmp_path: Path) -> None:
    assert json.loads(assay("policy", "schema", data=tmp_path).out)["title"] == "Policy"


def test_a_replay_over_an_audit_says_what_would_change(
    folder: Path, tmp_path: Path, strict: Path
) -> None:
    out = tmp_path / "out.jsonl"
    assay("audit", folder, "--out", out, *PROVENANCE, "--policy", strict, data=tmp_path)
    asked = ("policy", "replay", "newsroom", "--reports", out)
    found = json.loads(assay(*asked, "--json", data=tmp_path).out)
    assert (found["reports"], found["changed"]) == (3, 3)
    assert found["moves"] == [
        {"before": "allow", "after": "review", "reports": 2},
        {"before": "block", "after": "review", "reports": 1},
    ]
    assert found["examples"][0]["report"] == "copy.jpg"
    assert "3 reports of 3 would be decided otherwise" in assay(*asked, data=tmp_path).out


def test_a_replay_decides_as_a_check_does(tmp_path: Path) -> None:
    every = [reports.verified_capture(), reports.declared_ai(), reports.likely_synthetic()]
    text = "".join(report.model_dump_json() + "\n" for report in every)
    asked = ("policy", "replay", "no-ai", "--reports", "-", "--json")
    found = json.loads(assay(*asked, data=tmp_path, stdin=text.encode()).out)
    assert [item["before"] for item in found["examples"]] == [None] * 3
    assert [(item["after"], item["because"]) for item in found["examples"]] == [
        (decision.action, list(decision.because))
        for decision in (decide(report, built_in("no-ai")) for report in every)
    ]


@pytest.mark.parametrize("text", ["{}", "[1]", "nothing", '{"report": 7}', "[" * 100_000])
def test_a_replay_refuses_what_holds_no_reports(text: str, tmp_path: Path) -> None:
    asked = ("policy", "replay", "no-ai", "--reports", "-")
    ran = assay(*asked, data=tmp_path, stdin=text.encode())
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert "[report_invalid]" in ran.err


def test_a_policy_is_put_withdrawn_and_told_of_at_the_machine(tmp_path: Path, strict: Path) -> None:
    ran = assay("policy", "put", strict, data=tmp_path)
    assert (ran.code, "strict version 1 decides from now on" in ran.out) == (0, True)
    assert "was in force already" in assay("policy", "put", strict, data=tmp_path).out
    ran = assay("policy", "withdraw", data=tmp_path)
    assert (ran.code, "nothing decides from now on" in ran.out) == (0, True)
    told = [line.split("\t") for line in assay("policy", "history", data=tmp_path).out.splitlines()]
    assert [(number, who, name) for number, _, who, name in told] == [
        ("2", "command-line", "nothing decides"),
        ("1", "command-line", "strict"),
    ]
    ran = assay("policy", "withdraw", data=tmp_path)
    assert (ran.code, "[policy_not_found]" in ran.err) == (ExitCode.USAGE, True)


def test_the_help_teaches_how_a_policy_comes_into_force(tmp_path: Path) -> None:
    told = assay("policy", "--help", data=tmp_path).out
    for step in ("show newsroom > desk.json", "check desk.json", "put desk.json", "withdraw"):
        assert f"assay policy {step}" in told


def test_commands_that_cannot_open_the_database_end_alike(tmp_path: Path) -> None:
    (tmp_path / "assay.db").write_bytes(b"no database at all, and long enough" * 20)
    commands = [("policy", "history"), ("expire",), ("admin", "tenant", "list"), ("admin", "log")]
    for command in commands:
        ran = assay(*command, data=tmp_path)
        assert (ran.code, ran.out) == (ExitCode.USAGE, ""), command
        assert ran.err.count("\n") == 1, command
        assert "[settings_invalid]" in ran.err, command
