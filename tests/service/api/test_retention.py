"""Retention over HTTP: read and set, said of each scan, and a stable code for what is gone."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.access.door import Door
from service.access.principal import Scope
from service.db.retention_lifecycle import OwnRetention, Part
from service.scans.retention import parts_in
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PICTURE = media.jpeg(media.photo_like(64, 48))
USUAL = dict.fromkeys(Part, "1d")


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.no_sign_found, preview=PICTURE))


def keep(api: Desk, **own: Any) -> dict[str, Any]:
    answer = api.client.put("/v1/retention", json=own)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def code(api: Desk, path: str) -> tuple[int, str]:
    answer = api.client.get(path)
    return answer.status_code, answer.json()["code"]


def test_a_tenant_says_for_how_long_what_is_kept(api: Desk) -> None:
    nothing: dict[str, object] = {"zero": False, **dict.fromkeys(map(str, Part))}
    assert api.client.get("/v1/retention").json() == {"own": nothing, "in_force": USUAL}
    found = keep(api, bytes="12h", reports="forever")
    assert found["own"] == nothing | {"bytes": "12h", "reports": "forever"}
    assert found["in_force"] == USUAL | {"bytes": "12h", "reports": "forever"}
    assert api.client.get("/v1/retention").json() == found
    zero = keep(api, zero=True, reports="90d")
    gone = dict.fromkeys(map(str, (Part.BYTES, Part.PREVIEWS, Part.INDEX_ENTRIES)), "0d")
    assert zero["in_force"] == {**gone, "reports": "90d"}
    assert keep(api) == {"own": nothing, "in_force": USUAL}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"bytes": "-1d"}, "bytes"),
        ({"bytes": "soon"}, "bytes"),
        ({"reports": "0d"}, "1h"),
        ({"thumbnails": "1d"}, "thumbnails"),
        ({"bytes": 3}, "bytes"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(api: Desk, body: dict[str, Any], word: str) -> None:
    answer = api.client.put("/v1/retention", json=body)
    assert (answer.status_code // 100, answer.json()["code"]) == (4, "invalid_request")
    assert word in answer.json()["detail"]
    assert api.client.get("/v1/retention").json()["in_force"] == USUAL


def test_only_administrators_change_it_and_of_their_own_tenant(tmp_path: Path) -> None:
    api = desk(tmp_path, StandIn(reports.no_sign_found), door=Door.LOCKED)
    sender = api.bearer(Scope.SCANS_READ, Scope.SCANS_WRITE, Scope.SCANS_DELETE)
    for method in ("GET", "PUT"):
        answer = api.client.request(method, "/v1/retention", json={}, headers=sender)
        assert answer.json()["code"] == "scope_missing"
    other = api.bearer(Scope.ADMIN, tenant="another")
    api.client.put("/v1/retention", json={"zero": True}, headers=other)
    mine = api.client.get("/v1/retention", headers=api.bearer(Scope.ADMIN)).json()
    assert mine["own"]["zero"] is False


def test_a_scan_says_what_of_it_is_gone_and_answers_for_it(api: Desk) -> None:
    scan_id = api.send(PICTURE)
    api.work()
    keep(api, bytes="0d", previews="0d")
    api.scans.reconcile()
    at = f"/v1/scans/{scan_id}"
    scan = api.client.get(at).json()
    assert (scan["state"], scan["removed"]) == ("done", ["bytes", "previews"])
    assert code(api, f"{at}/preview") == (410, "preview_gone")
    assert code(api, f"{at}/media") == (410, "bytes_gone")
    assert api.client.get(f"{at}/report").status_code == 200
    page = api.client.get(f"/scans/{scan_id}").text
    assert "Deleted at the end of the retention: the file, its preview." in page
    (receipt,) = api.client.get(scan["links"]["receipts"]).json()
    assert [one["item"] for one in receipt["receipt"]["removed"]] == ["file", "preview"]
    assert f"{scan['links']['receipts']}" in page


def test_a_report_that_is_gone_is_said_so_by_the_page_too(api: Desk) -> None:
    scan_id = api.send(PICTURE)
    api.work()
    later = parts_in(dict.fromkeys(("bytes", "previews", "index_entries"), "forever"))
    api.scans.retention.put(OwnRetention(parts={**later, Part.REPORTS: timedelta(0)}))
    api.scans.reconcile()
    for document in ("report", "signature"):
        assert code(api, f"/v1/scans/{scan_id}/{document}") == (410, "report_gone")
    page = api.client.get(f"/scans/{scan_id}")
    assert page.status_code == 200
    assert "The report was deleted at the end of its retention." in page.text
    assert api.client.get("/").status_code == 200
    scan = api.client.get(f"/v1/scans/{scan_id}").json()
    assert (scan["state"], scan["verdict"], scan["removed"]) == ("done", None, ["reports"])


def test_a_recording_under_zero_retention_is_not_played(api: Desk) -> None:
    keep(api, zero=True)
    scan_id = api.send(media.speech_wav(1.0), name="a.wav")
    assert code(api, f"/v1/scans/{scan_id}/media") == (404, "media_not_found")
    api.work()
    assert code(api, f"/v1/scans/{scan_id}/media") == (410, "bytes_gone")
    assert api.stored() == []


def test_a_scan_without_a_deletion_has_no_receipts_and_another_ones_are_nobodys(api: Desk) -> None:
    scan_id = api.send(PICTURE)
    assert api.client.get(f"/v1/scans/{scan_id}/receipts").json() == []
    for unknown in ("0" * 26, "no-id"):
        assert code(api, f"/v1/scans/{unknown}/receipts") == (404, "scan_not_found")
    api.client.delete(f"/v1/scans/{scan_id}")
    assert len(api.client.get(f"/v1/scans/{scan_id}/receipts").json()) == 1


def test_the_form_of_a_browser_is_sealed_too(api: Desk) -> None:
    keep(api, zero=True)
    answer = api.client.post("/scans", files={"file": ("a.jpg", PICTURE)}, follow_redirects=False)
    assert re.fullmatch("/scans/[0-9a-z]{26}", answer.headers["location"])
    (stored,) = api.stored()
    assert PICTURE[100:140] not in stored.read_bytes()
