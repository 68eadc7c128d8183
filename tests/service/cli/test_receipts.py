"""`assay verify-receipt` believes a receipt exactly as it was signed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.cli.exit_codes import ExitCode
from tests import media
from tests.service import reports
from tests.service.command_line import assay
from tests.service.webapp import StandIn, desk


@pytest.fixture
def receipt(tmp_path: Path) -> Path:
    """A receipt as the API answered it, beside the published keys."""
    api = desk(tmp_path, StandIn(reports.no_sign_found))
    scan_id = api.send(media.jpeg(media.photo_like(64, 48)))
    api.work()
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(api.client.delete(f"/v1/scans/{scan_id}").json(), indent=2))
    keys = api.client.get("/.well-known/assay-keys.json").text
    path.with_name("keys.json").write_text(keys)
    return path


def test_a_receipt_verifies_and_says_what_was_removed(receipt: Path, tmp_path: Path) -> None:
    ran = assay("verify-receipt", receipt, "--keys", tmp_path / "keys.json", data=tmp_path)
    assert ran.code == ExitCode.NOTHING_FOUND
    words = " ".join(ran.out.split())
    assert "the record of the scan, the file, the report had been removed" in words


@pytest.mark.parametrize(("days", "code"), [(3, ExitCode.NOTHING_FOUND), (-3, ExitCode.FOUND)])
def test_a_key_that_was_retired_since_vouches_for_receipts_of_its_time(
    receipt: Path, tmp_path: Path, days: int, code: ExitCode
) -> None:
    keys = json.loads((tmp_path / "keys.json").read_text())
    keys["keys"][0]["exp"] = (datetime.now(UTC) + timedelta(days=days)).timestamp()
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    ran = assay("verify-receipt", receipt, "--keys", tmp_path / "keys.json", data=tmp_path)
    assert ran.code == code, ran.err


@pytest.mark.parametrize("member", ["scan", "removed_at", "actor", "removed"])
def test_a_changed_receipt_does_not(receipt: Path, tmp_path: Path, member: str) -> None:
    document = json.loads(receipt.read_text())
    other = {"scan": "x", "removed_at": "2026-01-01T00:00:00Z", "actor": "key:x", "removed": []}
    document["receipt"][member] = other[member]
    receipt.write_text(json.dumps(document))
    ran = assay("verify-receipt", receipt, "--keys", tmp_path / "keys.json", data=tmp_path)
    assert ran.code == ExitCode.FOUND
    assert "signature" in ran.err


def test_what_is_no_receipt_is_said(receipt: Path, tmp_path: Path) -> None:
    receipt.write_text("{}")
    ran = assay("verify-receipt", receipt, "--keys", tmp_path / "keys.json", data=tmp_path)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "receipt_invalid" in ran.err


def test_all_receipts_of_a_scan_are_checked_at_once(receipt: Path, tmp_path: Path) -> None:
    one = json.loads(receipt.read_text())
    receipt.write_text(json.dumps([one, one]))
    ran = assay("verify-receipt", receipt, "--keys", tmp_path / "keys.json", data=tmp_path)
    assert ran.code == ExitCode.NOTHING_FOUND
    assert ran.out.count("signed by") == 2
    one["receipt"]["actor"] = "key:x"
    receipt.write_text(json.dumps([one]))
    ran = assay("verify-receipt", receipt, "--keys", tmp_path / "keys.json", data=tmp_path)
    assert ran.code == ExitCode.FOUND
    receipt.write_text("[]")
    ran = assay("verify-receipt", receipt, "--keys", tmp_path / "keys.json", data=tmp_path)
    assert ran.code == ExitCode.NOT_ANALYSED
