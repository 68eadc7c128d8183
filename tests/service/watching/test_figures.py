"""What a process counts while scans come and go."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service import figures
from service.errors import BlobMissing
from service.figures import COUNTED
from service.reporting.report import Verdict
from tests.service import reports
from tests.service.databases import sqlite
from tests.service.office import Office, office
from tests.service.webapp import StandIn, desk

Figure = Callable[..., float]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Office]:
    database = sqlite(tmp_path / "assay.db")
    yield office(database, tmp_path / "blobs")
    database.close()


@pytest.fixture
def grown() -> Callable[..., float]:
    """How much a figure grew since the test first asked for it."""
    before: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def growth(name: str, **labels: str) -> float:
        now = COUNTED.get_sample_value(name, labels) or 0.0
        return now - before.setdefault((name, tuple(sorted(labels.items()))), now)

    return growth


def test_a_finished_scan_counts_its_verdict_its_stages_and_its_detectors(
    opened: Office, grown: Figure
) -> None:
    report = reports.no_sign_found()
    kind, profile = str(report.subject.kind), str(report.profile)
    verdicts = {"kind": kind, "profile": profile, "verdict": str(Verdict.NO_SIGN_FOUND)}
    scored = next(item for item in report.findings if item.lr is not None)

    def all_of_them() -> tuple[float, ...]:
        return (
            grown("assay_verdicts_total", **verdicts),
            grown("assay_scans_ended_total", how="done"),
            grown("assay_stage_seconds_count", stage="queued"),
            grown("assay_stage_seconds_count", stage="detectors"),
            grown("assay_detector_log10_lr_count", detector=scored.detector),
            grown("assay_detector_seconds_count", detector=scored.detector),
        )

    all_of_them()
    opened.done()
    assert all_of_them() == (1, 1, 1, 1, 1, 1)


def test_a_scan_that_fails_counts_its_code(opened: Office, grown: Figure) -> None:
    def fail(_progress: object) -> None:
        raise BlobMissing("gone")

    grown("assay_scan_failures_total", code=BlobMissing.code)
    opened.engine.during = fail
    opened.done()
    assert grown("assay_scan_failures_total", code=BlobMissing.code) == 1


def test_an_accepted_upload_is_counted_once(opened: Office, grown: Figure) -> None:
    labels = {"kind": "image", "profile": "full"}
    grown("assay_scans_accepted_total", **labels)
    grown("assay_scans_repeated_total", **labels)
    opened.accept()
    assert grown("assay_scans_accepted_total", **labels) == 1
    assert grown("assay_scans_repeated_total", **labels) == 0


def test_a_stage_is_timed_from_its_beginning_to_the_next(
    monkeypatch: pytest.MonkeyPatch, grown: Figure
) -> None:
    grown("assay_stage_seconds_sum", stage="decoding")
    times = iter((0.0, 1.0, 3.5, 9.0))
    monkeypatch.setattr("service.figures.time.monotonic", lambda: next(times))
    with figures.Stages() as stages:
        stages.enter("decoding")
        stages.enter("decoding")
        stages.enter("report")
    assert grown("assay_stage_seconds_sum", stage="decoding") == 2.5


def test_requests_are_counted_by_the_pattern_of_their_address(
    tmp_path: Path, grown: Figure
) -> None:
    api = desk(tmp_path, StandIn(reports.verified_ai))
    one = {"method": "GET", "route": "/v1/scans/{scan_id}", "status": "404"}
    nowhere = {"method": "GET", "route": "none", "status": "404"}

    def counted() -> tuple[float, ...]:
        return (
            grown("assay_request_seconds_count", **one),
            grown("assay_request_seconds_count", **nowhere),
            grown("assay_refusals_total", code="scan_not_found"),
        )

    counted()
    for name in ("a", "b"):
        assert api.client.get(f"/v1/scans/{name}").status_code == 404
        assert api.client.get(f"/{name}").status_code == 404
    assert counted() == (2, 2, 2)


def test_a_method_that_a_stranger_made_up_is_no_label(tmp_path: Path) -> None:
    api = desk(tmp_path, StandIn(reports.verified_ai))
    api.client.request("BREW", "/v1/scans")
    methods = {
        sample.labels["method"]
        for family in COUNTED.collect()
        if family.name == "assay_request_seconds"
        for sample in family.samples
    }
    assert "other" in methods
    assert "BREW" not in methods
