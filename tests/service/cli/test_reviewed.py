"""`assay bench --reviews` and replays over what was scanned: measured on stored reports alone."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.base import Kind
from detectors.result import Alarm, Claim, Finding, Outcome, Reason
from service.cli.exit_codes import ExitCode
from service.cli.reviewed import THEN, measured
from service.db.access import AccessRows
from service.db.engine import Database
from service.db.lifecycle import Judgement, Review, Reviewed
from service.db.migrate import upgrade
from service.policies.decide import decided
from service.policies.library import built_in
from service.reporting.decision import PolicyAction
from service.reporting.report import Report
from tests.service import reports
from tests.service.command_line import assay
from tests.service.office import Office, office

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GENUINE, SYNTHETIC, MANIPULATED, UNCLEAR = Judgement
ALLOW, REVIEW, BLOCK = PolicyAction
NUMBERS = itertools.count(1)


def reviewed(judgement: Judgement, report: Report, sha256: str | None = None) -> Reviewed:
    number = next(NUMBERS)
    subject = report.subject.model_copy(update={"sha256": sha256 or f"{number:064x}"})
    review = Review(
        id=number,
        scan_id=f"{number:026}",
        judgement=judgement,
        note="",
        actor="local",
        created_at=NOON,
    )
    document = report.model_copy(update={"subject": subject}).model_dump_json()
    return Reviewed(review=review, document=document)


def many(
    judgement: Judgement, count: int, log10: float, alarm: Alarm = Alarm.NONE
) -> Iterator[Reviewed]:
    for index in range(count):
        yield reviewed(
            judgement, reports.report(findings=(reports.scored(log10 + index / 1e3, alarm),))
        )


def judged(*findings: Finding, kind: Kind = Kind.IMAGE) -> Report:
    return reports.report(kind=kind, findings=findings)


def test_every_detector_is_measured_at_its_points_with_intervals() -> None:
    items = [
        *many(GENUINE, 28, -1.0),
        *many(GENUINE, 2, 0.5, Alarm.FPR_5),
        *many(SYNTHETIC, 15, 2.0, Alarm.FPR_1),
        *many(SYNTHETIC, 5, 0.0),
    ]
    (found,) = measured(items, {}).detectors
    assert (found.detector, found.metrics.bona_fide, found.metrics.synthetic) == (
        "image.network",
        30,
        20,
    )
    assert found.metrics.auc is not None
    assert found.metrics.auc.low < found.metrics.auc.value <= found.metrics.auc.high <= 1
    five, one = found.points
    assert (five.stated, one.stated) == (0.05, 0.01)
    assert five.genuine is not None
    assert (five.genuine.count, five.genuine.of) == (2, 30)
    assert five.genuine.low < 2 / 30 < five.genuine.high
    assert five.claimed is not None
    assert (five.claimed.count, five.claimed.of) == (15, 20)
    assert one.genuine is not None
    assert one.genuine.count == 0


def test_too_few_reviews_are_said_to_be_too_few() -> None:
    found = measured([*many(GENUINE, 3, -1.0), *many(SYNTHETIC, 2, 2.0, Alarm.FPR_1)], {})
    (detector,) = found.detectors
    assert detector.too_few == (
        "3 genuine files are too few to tell whether the 5% point holds: it takes 72 without an alarm",
        "3 genuine files are too few to tell whether the 1% point holds: it takes 368 without an "
        "alarm",
        "3 genuine and 2 other files are too few to tell how well it tells them apart: it takes 20 "
        "of each",
    )
    assert len(found.too_few) == 3


def test_enough_reviews_pass_without_a_word() -> None:
    items = [*many(GENUINE, 368, -1.0), *many(SYNTHETIC, 20, 2.0, Alarm.FPR_1)]
    found = measured([*items, *many(MANIPULATED, 20, 0.0)], {})
    assert found.too_few == ()
    assert found.detectors[0].too_few == ()


def test_nothing_reviewed_is_no_failure() -> None:
    found = measured([], {"newsroom": built_in("newsroom")})
    assert (found.judgements, found.detectors, found.policies) == ({}, (), ())
    assert len(found.too_few) == 3


def test_a_content_counts_once_by_its_latest_review() -> None:
    report = judged(reports.scored(-1.0))
    found = measured(
        [reviewed(GENUINE, report, "ab" * 32), reviewed(SYNTHETIC, report, "ab" * 32)], {}
    )
    assert found.judgements == {GENUINE: 1}
    assert found.repeated == 1


def test_unclear_reviews_measure_no_detector() -> None:
    found = measured([reviewed(UNCLEAR, judged(reports.scored(-1.0)))], {})
    assert found.detectors == ()
    assert found.judgements == {UNCLEAR: 1}


def test_a_detector_that_abstained_is_not_counted_as_right() -> None:
    items = [reviewed(GENUINE, judged(reports.silent())) for _ in range(3)]
    (found,) = measured([*items, *many(GENUINE, 1, -1.0)], {}).detectors
    assert found.metrics.coverage == 0.25
    assert found.points[0].genuine is not None
    assert found.points[0].genuine.of == 1


def test_a_detector_that_always_failed_has_no_rates() -> None:
    failed = reports.silent(Outcome.FAILED, Reason.INTERNAL_ERROR)
    (found,) = measured([reviewed(GENUINE, judged(failed))], {}).detectors
    assert found.points[0].genuine is None
    assert found.metrics.auc is None


@pytest.mark.parametrize(
    ("claim", "kind", "judgement", "counts"),
    [
        (Claim.GENERATED, Kind.IMAGE, SYNTHETIC, True),
        (Claim.GENERATED, Kind.IMAGE, MANIPULATED, False),
        (Claim.LOCAL_EDIT, Kind.IMAGE, MANIPULATED, True),
        (Claim.FACE_SWAP, Kind.IMAGE, MANIPULATED, True),
        (Claim.LOCAL_EDIT, Kind.IMAGE, SYNTHETIC, False),
        (Claim.SYNTHETIC_SPEECH, Kind.AUDIO, SYNTHETIC, True),
        (Claim.SYNTHETIC_SPEECH, Kind.VIDEO, SYNTHETIC, False),
    ],
)
def test_a_detector_is_measured_on_what_it_claims_to_find_alone(
    claim: Claim, kind: Kind, judgement: Judgement, *, counts: bool
) -> None:
    report = judged(reports.scored(1.0, claim=claim), kind=kind)
    (found,) = measured([reviewed(judgement, report)], {}).detectors
    assert (found.metrics.synthetic, found.points[0].claimed is not None) == (int(counts), counts)


def test_policies_are_compared_with_what_was_decided_then() -> None:
    no_ai, newsroom = built_in("no-ai"), built_in("newsroom")
    items = [reviewed(GENUINE, decided(reports.no_sign_found(), no_ai)) for _ in range(3)]
    items += [reviewed(SYNTHETIC, decided(reports.verified_ai(), no_ai))]
    found = measured(items, {"draft": newsroom})
    then, draft = found.policies
    assert (then.policy, draft.policy) == (THEN, "draft")
    assert then.actions[GENUINE][ALLOW].count == 3
    assert then.actions[SYNTHETIC][BLOCK].count == 1
    assert draft.actions[GENUINE][REVIEW].count == 3
    assert draft.actions[GENUINE][ALLOW].high < 0.75
    assert found.verdicts == {GENUINE: {"no_sign_found": 3}, SYNTHETIC: {"verified_ai": 1}}


def test_a_report_of_another_version_is_counted_and_left_out() -> None:
    item = reviewed(GENUINE, reports.no_sign_found())
    odd = Reviewed(review=item.review, document='{"schema_version": "9"}')
    found = measured([odd], {})
    assert (found.unreadable, found.judgements) == (1, {})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def desk(data: Path) -> Iterator[Office]:
    """Scans in the database that the command finds by itself."""
    data.mkdir()
    database = Database(f"sqlite:///{data / 'assay.db'}")
    upgrade(database.engine)
    AccessRows(database).add_tenant("other", NOON)
    yield office(database, data / "blobs")
    database.close()


def test_the_bench_measures_reviews_of_a_tenant_though_the_files_are_gone(
    desk: Office, data: Path
) -> None:
    desk.scans.policies.put(built_in("moderation"), actor="local")
    scan = desk.done()
    desk.scans.reviews.add(scan.id, GENUINE, "", actor="local")
    for path in desk.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    out = data / "results"
    asked = ("bench", "--reviews", "--policy", "newsroom", "--out", out)
    ran = assay(*asked, data=data)
    assert ran.code == ExitCode.NOTHING_FOUND, ran.err
    assert "1 genuine" in ran.out
    assert "too few" in ran.out
    found = json.loads((out / "reviews.json").read_text())
    assert [item["policy"] for item in found["policies"]] == [
        THEN,
        "moderation version 1, in force",
        "newsroom",
    ]
    other = assay("bench", "--reviews", "--tenant", "other", data=data)
    assert "Reviewed files, each content once: none." in other.out


def test_reviews_are_no_manifest_and_policies_go_with_reviews(data: Path) -> None:
    assert assay("bench", "--policy", "newsroom", data=data).code == ExitCode.USAGE
    wrong = assay("bench", "--reviews", "--policy", "newsrom", data=data)
    assert wrong.code == ExitCode.USAGE
    assert "did you mean newsroom?" in wrong.err


def test_a_replay_over_what_was_scanned_here(desk: Office, data: Path) -> None:
    desk.scans.policies.put(built_in("moderation"), actor="local")
    for _ in range(3):
        desk.done()
        desk.clock.move(seconds=1)
    asked = ("policy", "replay", "newsroom", "--last", "2", "--json")
    found = json.loads(assay(*asked, data=data).out)
    assert (found["reports"], found["changed"]) == (2, 2)
    assert found["moves"] == [{"before": "allow", "after": "review", "reports": 2}]
    other = json.loads(assay(*asked, "--tenant", "other", data=data).out)
    assert other["reports"] == 0
