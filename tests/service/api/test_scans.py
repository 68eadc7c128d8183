import json
from pathlib import Path

import pytest

from detectors.errors import MediaUndecodable
from service.db.models import ReportRow
from service.reporting.report import Report
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.fixture
def engine() -> StandIn:
    return StandIn(reports.likely_synthetic, preview=PHOTO)


@pytest.fixture
def api(tmp_path: Path, engine: StandIn) -> Desk:
    return desk(tmp_path, engine)


def code(answer: object) -> tuple[int, str]:
    status, body = answer.status_code, answer.json()  # type: ignore[attr-defined]
    return status, body["code"]


def test_a_scan_waits_then_has_a_verdict_and_a_report(api: Desk) -> None:
    scan_id = api.send(PHOTO, "square.jpg")
    assert code(api.client.get(f"/v1/scans/{scan_id}/report")) == (409, "report_not_ready")
    api.work()
    scan = api.client.get(f"/v1/scans/{scan_id}").json()
    assert (scan["state"], scan["verdict"]) == ("done", "likely_synthetic")
    assert scan["progress"] == {"stage": "report", "done": 1.0, "note": ""}
    report = Report.model_validate_json(api.client.get(f"/v1/scans/{scan_id}/report").content)
    assert report.subject.name == "square.jpg"
    assert report.subject.sha256 == scan["sha256"]


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "application/json"),
        ("", "application/json", "application/json"),
        ("", BROWSER, "text/html; charset=utf-8"),
        ("", "text/html;q=0.5, application/json", "application/json"),
        ("?format=html", "application/json", "text/html; charset=utf-8"),
        ("?format=json", BROWSER, "application/json"),
        ("?format=pdf&paper=letter", BROWSER, "application/pdf"),
        ("", "application/pdf, text/html;q=0.9", "application/pdf"),
    ],
)
def test_the_report_comes_as_json_html_or_pdf_by_format_or_accept(
    api: Desk, query: str, accept: str, kind: str
) -> None:
    scan_id = api.send(PHOTO)
    api.work()
    answer = api.client.get(f"/v1/scans/{scan_id}/report{query}", headers={"accept": accept})
    assert answer.headers["content-type"] == kind


def test_the_html_report_needs_nothing_else_and_runs_nothing(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    api.work()
    answer = api.client.get(f"/v1/scans/{scan_id}/report?format=html")
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert "data:image/jpeg;base64," in answer.text
    assert 'src="/' not in answer.text
    assert 'href="/' not in answer.text


def test_a_report_is_sent_as_it_was_signed(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    api.work()
    with api.database.write() as session:
        row = session.get_one(ReportRow, scan_id)
        row.document = row.document.replace('"findings":', '"findings" :')
        kept = row.document
    assert api.client.get(f"/v1/scans/{scan_id}/report").text == kept


def test_a_failed_scan_says_why_and_has_no_report(api: Desk, engine: StandIn) -> None:
    engine.error = MediaUndecodable("the picture is cut off")
    scan_id = api.send(PHOTO)
    api.work()
    scan = api.client.get(f"/v1/scans/{scan_id}").json()
    assert scan["state"] == "failed"
    assert scan["failure"] == {"code": "media_undecodable", "sentence": "the picture is cut off"}
    assert code(api.client.get(f"/v1/scans/{scan_id}/report")) == (422, "scan_failed")


def test_the_preview_is_a_picture_once_there_is_one(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    assert code(api.client.get(f"/v1/scans/{scan_id}/preview")) == (404, "preview_not_found")
    api.work()
    answer = api.client.get(f"/v1/scans/{scan_id}/preview")
    assert (answer.headers["content-type"], answer.content) == ("image/jpeg", PHOTO)


def test_scans_are_listed_a_page_at_a_time_the_newest_first(api: Desk) -> None:
    sent = [api.send(PHOTO, f"{index}.jpg") for index in range(5)]
    listed: list[str] = []
    query = "?limit=2"
    for _ in range(3):
        page = api.client.get(f"/v1/scans{query}").json()
        listed += [scan["id"] for scan in page["items"]]
        query = f"?limit=2&cursor={page['next']}"
    assert page["next"] is None
    assert sorted(listed) == sorted(sent)
    assert listed == sorted(listed, reverse=True)


def test_scans_are_listed_by_state(api: Desk) -> None:
    done = api.send(PHOTO)
    api.work()
    waiting = api.send(PHOTO)
    for state, expected in (("done", done), ("queued", waiting)):
        items = api.client.get(f"/v1/scans?state={state}").json()["items"]
        assert [scan["id"] for scan in items] == [expected]


def test_a_deleted_scan_is_gone_with_its_bytes(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    api.work()
    answer = api.client.delete(f"/v1/scans/{scan_id}")
    assert answer.status_code == 200
    assert api.client.get(f"/v1/scans/{scan_id}/receipt").json() == answer.json()
    assert api.stored() == []
    for path in ("", "/report", "/preview", "/events"):
        assert code(api.client.get(f"/v1/scans/{scan_id}{path}")) == (404, "scan_not_found")
    assert code(api.client.delete(f"/v1/scans/{scan_id}")) == (404, "scan_not_found")


# --- events -------------------------------------------------------------------------------------


def events(api: Desk, scan_id: str, seen: str = "") -> list[tuple[str, str, dict[str, object]]]:
    """Every event of a stream that ends: name, id, data."""
    headers = {"last-event-id": seen} if seen else {}
    with api.client.stream("GET", f"/v1/scans/{scan_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


def test_the_events_of_a_finished_scan_are_its_end(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    api.work()
    ((name, mark, data),) = events(api, scan_id)
    assert (name, data["state"], data["verdict"]) == ("end", "done", "likely_synthetic")
    ((again, _, _),) = events(api, scan_id, seen=mark)
    assert again == "end"


def test_events_follow_a_scan_through_its_stages_to_the_end(api: Desk, engine: StandIn) -> None:
    scan_id = api.send(PHOTO)
    engine.pause = 0.3
    with api.working():
        found = events(api, scan_id)
    stages = [data["progress"]["stage"] for _, _, data in found]  # type: ignore[index]
    assert [name for name, _, _ in found] == ["progress"] * (len(found) - 1) + ["end"]
    assert len(set(stages)) >= 3
    assert len({mark for _, mark, _ in found}) == len(found)


def test_a_client_that_comes_back_is_not_told_again_what_it_knows(
    api: Desk, engine: StandIn
) -> None:
    scan_id = api.send(PHOTO)
    engine.pause = 0.3
    with api.working():
        first = events(api, scan_id)
    assert [name for name, _, _ in events(api, scan_id, seen=first[0][1])] == ["end"]


def test_the_stream_of_a_scan_that_is_deleted_says_so_and_ends(api: Desk, engine: StandIn) -> None:
    scan_id = api.send(PHOTO)
    with api.soon(lambda: api.scans.delete(scan_id)):
        found = events(api, scan_id)
    assert [name for name, _, _ in found] == ["progress", "gone"]
