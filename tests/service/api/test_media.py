"""Playing back what was sent: whole, in parts, and only while it is stored."""

from pathlib import Path

import pytest

from service.api.media import POLICY
from tests.media import speech_wav
from tests.service import reports
from tests.service.api.test_scans import PHOTO, code
from tests.service.webapp import Desk, StandIn, desk

SOUND = speech_wav(1.0)


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.recording))


def test_a_recording_is_played_as_it_was_sent_and_runs_nothing(api: Desk) -> None:
    scan_id = api.send(SOUND, "note.html")
    answer = api.client.get(f"/v1/scans/{scan_id}/media")
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert answer.headers["content-type"].startswith("audio/")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, len(SOUND)),
        ("bytes=100-199", 100, 200),
        ("bytes=-50", len(SOUND) - 50, len(SOUND)),
        ("bytes=100-999999999", 100, len(SOUND)),
        ("bytes=-999999999", 0, len(SOUND)),
    ],
)
def test_a_player_is_given_the_part_it_asks_for(
    api: Desk, asked: str, start: int, end: int
) -> None:
    scan_id = api.send(SOUND)
    answer = api.client.get(f"/v1/scans/{scan_id}/media", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, SOUND[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(SOUND)}"


@pytest.mark.parametrize("asked", [f"bytes={len(SOUND)}-", "bytes=-0"])
def test_a_part_that_does_not_exist_is_refused(api: Desk, asked: str) -> None:
    scan_id = api.send(SOUND)
    answer = api.client.get(f"/v1/scans/{scan_id}/media", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=x-"]
)
def test_a_range_that_makes_no_sense_is_ignored(api: Desk, asked: str) -> None:
    scan_id = api.send(SOUND)
    answer = api.client.get(f"/v1/scans/{scan_id}/media", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, SOUND)


def test_pictures_and_files_that_are_gone_are_not_played(api: Desk) -> None:
    picture = api.send(PHOTO)
    assert code(api.client.get(f"/v1/scans/{picture}/media")) == (404, "media_not_found")
    recording = api.send(SOUND)
    for path in api.stored():
        path.unlink()
    assert code(api.client.get(f"/v1/scans/{recording}/media")) == (404, "media_not_found")
    assert code(api.client.get("/v1/scans/unknown/media")) == (404, "scan_not_found")


def test_the_page_offers_a_player_only_while_the_file_is_stored(api: Desk) -> None:
    scan_id = api.send(SOUND)
    api.work()
    assert f'src="/v1/scans/{scan_id}/media"' in api.client.get(f"/scans/{scan_id}").text
    for path in api.stored():
        path.unlink()
    page = api.client.get(f"/scans/{scan_id}").text
    assert "/media" not in page
    assert "data-time-line" in page
