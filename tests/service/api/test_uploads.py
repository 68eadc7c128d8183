from collections.abc import Callable
from pathlib import Path

import pytest

from service.reporting.report import Profile
from service.scans.intake import Receiver
from tests import bad_media, media
from tests.service import reports
from tests.service.webapp import LIMIT, Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.no_sign_found))


def refused(api: Desk, data: bytes, name: str = "photo.jpg") -> tuple[int, str]:
    """Status and code of an upload that must leave nothing behind."""
    answer = api.client.post("/v1/scans", files={"file": (name, data)})
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.stored() == []
    assert api.client.get("/v1/scans").json()["items"] == []
    return answer.status_code, answer.json()["code"]


def test_an_upload_is_accepted_queued_and_points_at_itself(api: Desk) -> None:
    answer = api.client.post("/v1/scans", files={"file": ("square.jpg", PHOTO)})
    scan = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == scan["links"]["self"] == f"/v1/scans/{scan['id']}"
    assert (scan["state"], scan["kind"], scan["name"]) == ("queued", "image", "square.jpg")
    assert (scan["size"], scan["media_type"]) == (len(PHOTO), "image/jpeg")
    assert api.queue.ids == [scan["id"]]


def test_the_stored_bytes_are_the_ones_that_were_sent(api: Desk) -> None:
    data = PHOTO + bytes(700_000)
    api.send(data)
    assert [path.read_bytes() for path in api.stored()] == [data]


def test_the_profile_can_be_a_field_or_a_query(api: Desk) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    by_field = api.client.post("/v1/scans", files=files, data={"profile": "provenance"})
    by_query = api.client.post("/v1/scans?profile=provenance", files=files)
    assert by_field.json()["profile"] == by_query.json()["profile"] == "provenance"


def test_an_empty_file_is_refused(api: Desk) -> None:
    assert refused(api, bad_media.empty()) == (422, "empty_file")


@pytest.mark.parametrize("make", [bad_media.text, bad_media.zip_archive, bad_media.pdf])
def test_what_is_no_photo_video_or_recording_is_refused_whatever_it_is_called(
    api: Desk, make: Callable[[], bytes]
) -> None:
    assert refused(api, make()) == (415, "unsupported_kind")


def test_a_file_over_the_limit_is_refused(api: Desk) -> None:
    assert refused(api, PHOTO + bytes(LIMIT)) == (413, "file_too_large")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\windows\\a.jpg", "a.jpg"),
        ("a\x00b.jpg", "ab.jpg"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("x" * 4096 + ".jpg", "x" * 115 + "….jpg"),
        ("..", "unnamed"),
    ],
)
def test_a_hostile_name_is_cleaned_and_never_a_path(api: Desk, name: str, shown: str) -> None:
    head = (
        'Content-Disposition: form-data; name="file"; filename="'
        + name.replace("\\", "\\\\")
        + '"\r\n\r\n'
    )
    body = b"--edge\r\n" + head.encode() + PHOTO + b"\r\n--edge--\r\n"
    answer = api.client.post(
        "/v1/scans",
        content=body,
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["name"] == shown
    assert all(api.blobs in path.resolve().parents for path in api.stored())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no multipart at all",
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + PHOTO,
        b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nx\r\n--edge--',
        b"--edge\r\nContent-Type: text/plain\r\n\r\nx\r\n--edge--",
        b'--edge\r\nContent-Disposition: form-data; name="url"\r\n\r\n' + b"x" * 9000,
    ],
    ids=["nothing", "text", "cut off", "other field", "no name", "long field"],
)
def test_a_malformed_form_is_refused_and_leaves_nothing(api: Desk, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=edge"}
    answer = api.client.post("/v1/scans", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert api.stored() == []


def test_a_boundary_no_sender_would_choose_is_refused(api: Desk) -> None:
    headers = {"content-type": "multipart/form-data; boundary=" + "x" * 1000}
    answer = api.client.post("/v1/scans", content=b"--x", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_body_that_is_no_form_is_refused(api: Desk) -> None:
    answer = api.client.post("/v1/scans", json={"url": "https://example.org/a.jpg"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_two_files_at_once_are_refused(api: Desk) -> None:
    both = [("file", ("a.jpg", PHOTO)), ("file", ("b.jpg", PHOTO))]
    answer = api.client.post("/v1/scans", files=both)
    assert answer.json()["code"] == "invalid_request"
    assert api.stored() == []


def test_a_file_and_an_address_together_are_refused(api: Desk) -> None:
    answer = api.client.post(
        "/v1/scans", files={"file": ("a.jpg", PHOTO)}, data={"url": "https://example.org/a.jpg"}
    )
    assert answer.json()["code"] == "invalid_request"
    assert api.stored() == []


@pytest.mark.parametrize("profile", list(Profile))
def test_every_profile_can_be_asked_for(api: Desk, profile: Profile) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    answer = api.client.post(f"/v1/scans?profile={profile.value}", files=files)
    assert answer.json()["profile"] == profile.value


def test_an_unknown_profile_is_refused(api: Desk) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    answer = api.client.post("/v1/scans", files=files, data={"profile": "psychic"})
    assert answer.json()["code"] == "invalid_request"
    assert api.client.post("/v1/scans?profile=psychic", files=files).status_code == 422


def test_an_address_is_fetched_through_the_guard_and_named_by_its_path(tmp_path: Path) -> None:
    asked: list[str] = []

    def get(url: str, into: Receiver) -> None:
        asked.append(url)
        into.write(PHOTO)

    api = desk(tmp_path, StandIn(reports.no_sign_found), get)
    url = "https://example.org/pictures/square%20one.jpg?size=large"
    answer = api.client.post("/v1/scans", files={"url": (None, url)})
    assert (answer.status_code, answer.json()["name"]) == (202, "square one.jpg")
    assert asked == [url]


def test_an_address_that_may_not_be_fetched_leaves_nothing(api: Desk) -> None:
    answer = api.client.post("/v1/scans", files={"url": (None, "http://127.0.0.1/a.jpg")})
    assert (answer.status_code, answer.json()["code"]) == (422, "url_refused")
    assert api.stored() == []


def test_an_upload_is_accepted_while_the_broker_is_down(api: Desk) -> None:
    api.queue.broken = True
    assert api.client.get(f"/v1/scans/{api.send(PHOTO)}").json()["state"] == "queued"
