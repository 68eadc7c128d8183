"""Every address says what it allows, and refuses by name what it does not know."""

from pathlib import Path

import pytest

from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
SOUND = media.speech_wav(1.0)

READ = "GET, HEAD, OPTIONS"


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO))


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/v1/scans", "GET, HEAD, OPTIONS, POST"),
        ("/v1/scans/01k9x2v7qe4m8n1r5t6w0yza3c", "DELETE, GET, HEAD, OPTIONS"),
        ("/v1/scans/01k9x2v7qe4m8n1r5t6w0yza3c/report", READ),
        ("/v1/scans/01k9x2v7qe4m8n1r5t6w0yza3c/events", READ),
        ("/v1/detectors", READ),
        ("/v1/openapi.json", READ),
        ("/.well-known/assay-keys.json", READ),
        ("/health/live", READ),
        ("/", READ),
        ("/scans", "GET, HEAD, OPTIONS, POST"),
        ("/scans/01k9x2v7qe4m8n1r5t6w0yza3c/delete", "GET, HEAD, OPTIONS, POST"),
        ("/static/assay.css", READ),
    ],
)
def test_options_and_a_wrong_method_name_every_right_one(api: Desk, path: str, allow: str) -> None:
    asked = api.client.options(path)
    assert (asked.status_code, asked.headers["allow"], asked.content) == (204, allow, b"")
    refused = api.client.patch(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, allow)
    assert refused.json()["code"] == "method_not_allowed"


def test_head_is_get_without_the_body(api: Desk) -> None:
    scan_id = api.send(SOUND, "note.wav")
    api.work()
    base = f"/v1/scans/{scan_id}"
    paths = [base, f"{base}/report", f"{base}/report?format=html", f"{base}/signature"]
    paths += [f"{base}/preview", f"{base}/media", "/v1/scans?limit=1", "/v1/openapi.json"]
    paths += ["/", "/api", f"/scans/{scan_id}", "/static/assay.css", "/v1/scans/unknown"]
    for path in paths:
        got, head = api.client.get(path), api.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("content-type", "content-length"):
            assert head.headers[name] == got.headers[name], path


def test_head_of_a_part_names_the_part(api: Desk) -> None:
    scan_id = api.send(SOUND, "note.wav")
    head = api.client.head(f"/v1/scans/{scan_id}/media", headers={"range": "bytes=0-9"})
    assert (head.status_code, head.headers["content-length"]) == (206, "10")


def test_head_of_the_events_ends_although_the_scan_has_not(api: Desk) -> None:
    scan_id = api.send(PHOTO)
    head = api.client.head(f"/v1/scans/{scan_id}/events")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("address", "code", "detail"),
    [
        ("/v1/scans?limt=3", "unknown_parameter", "'limt'; did you mean limit?"),
        ("/v1/scans?LIMIT=3", "unknown_parameter", "did you mean limit?"),
        (
            "/v1/scans?zzz=3",
            "unknown_parameter",
            "there are action, assignee, created_after, created_before, cursor,",
        ),
        ("/v1/detectors?limit=3", "unknown_parameter", "none is known here"),
        ("/health/ready?verbose", "unknown_parameter", "'verbose'"),
        ("/v1/openapi.json?x=1", "unknown_parameter", "'x'"),
        ("/scans?after=3", "unknown_parameter", "'after'"),
        ("/v1/scans?limit=3&limit=4", "invalid_request", "limit was sent twice"),
        ("/v1/scans?" + "&".join(["limit=1"] * 99), "invalid_request", "more than 32 parameters"),
        ("/v1/scans?%1b%5b2J=1", "unknown_parameter", "\\x1b[2J"),
    ],
)
def test_a_query_parameter_that_means_nothing_is_refused_by_name(
    api: Desk, address: str, code: str, detail: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = api.client.request(method, address)
        assert answer.status_code == 422
    problem = api.client.get(address).json()
    assert problem["code"] == code
    assert detail in problem["detail"]


def test_an_upload_with_an_unknown_parameter_is_refused_before_it_is_read(api: Desk) -> None:
    answer = api.client.post("/v1/scans?profil=fast", files={"file": ("a.jpg", PHOTO)})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
    assert "did you mean profile?" in answer.json()["detail"]
    assert api.stored() == []


def test_a_report_that_is_not_ready_says_when_to_ask_again(api: Desk) -> None:
    answer = api.client.get(f"/v1/scans/{api.send(PHOTO)}/report")
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
